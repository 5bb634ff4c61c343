"""When a sidecar is ready for its application, or never will be."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

LOOK_SECONDS = 0.02
ANSWER_SECONDS = 2.0
HEALTH_PATH = "/v1.0/healthz/outbound"


async def loaded(host: str, port: int) -> None:
    """Ask a sidecar until its components are loaded."""
    # Like daprd it tells nobody: there is nothing to wait on.
    while not await _is_ready(host, port):  # noqa: ASYNC110
        await asyncio.sleep(LOOK_SECONDS)


async def unless_ended(
    awaited: Coroutine[Any, Any, T], end: Coroutine[Any, Any, int], seconds: float | None = None
) -> T | None:
    """Return what is awaited; ``None`` if the process's end, or the time, comes first. Neither goes on."""
    first, other = asyncio.create_task(awaited), asyncio.create_task(end)
    waits: set[asyncio.Task[Any]] = {first, other}
    try:
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        return first.result() if first.done() else None
    finally:
        for task in waits:
            task.cancel()
        await asyncio.gather(*waits, return_exceptions=True)


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
