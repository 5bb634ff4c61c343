"""When a sidecar is ready for its application."""

from __future__ import annotations

import asyncio

LOOK_SECONDS = 0.02
ANSWER_SECONDS = 2.0
HEALTH_PATH = "/v1.0/healthz/outbound"


async def loaded(host: str, port: int) -> None:
    """Ask a sidecar until its components are loaded."""
    # Like daprd it tells nobody: there is nothing to wait on.
    while not await _is_ready(host, port):  # noqa: ASYNC110
        await asyncio.sleep(LOOK_SECONDS)


async def _is_ready(host: str, port: int) -> bool:
    """Return whether a sidecar answers there and has loaded its components."""
    writer = None
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(f"GET {HEALTH_PATH} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            return (await reader.readline()).split()[1:2] == [b"204"]
    except (OSError, TimeoutError):
        return False
    finally:
        if writer is not None:
            writer.close()
