"""Ten thousand applications' connections to one sidecar, none of which says anything now."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.benchmarks.processes import pss
from tests.e2e.sidecars import Sidecar, component, sidecar

CONNECTIONS = 10_000
MOST_BYTES = 200 * 1024 * 1024
#: What allocators keep for themselves of what was in use; the next wave of connections has to live on it.
KEPT_BYTES = 20 * 1024 * 1024
GROWN_BYTES = 4 * 1024 * 1024
GET = b"GET /v1.0/state/store/none HTTP/1.1\r\nHost: localhost\r\nUser-Agent: idle\r\n\r\n"


@contextlib.contextmanager
def few_files_for_children() -> Iterator[None]:
    """Start children with the limit that most systems have; this process needs as many as the sidecar."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = CONNECTIONS + 1000
    if hard != resource.RLIM_INFINITY and hard < needed:
        pytest.skip(f"this test opens {needed} files, {hard} are allowed here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def connect(port: int, number: int) -> socket.socket:
    """Connect from one of several addresses, since one alone may have too few ports; every other one asks."""
    made = socket.create_connection(
        ("127.0.0.1", port), timeout=20, source_address=(f"127.0.0.{1 + number % 8}", 0)
    )
    if number % 2:
        made.sendall(GET)
        assert made.recv(4096).startswith(b"HTTP/1.1 204 "), number
    return made


async def wave(running: Sidecar) -> int:
    """Connect, see that the sidecar still answers, and close; return the memory that it took meanwhile."""
    with contextlib.ExitStack() as stack:

        def connect_all() -> None:
            for number in range(CONNECTIONS):
                stack.enter_context(connect(running.http_port, number))

        await asyncio.to_thread(connect_all)
        assert (await running.call("GET", "/v1.0/healthz")).status == 204
        return pss(running.process.pid)


@pytest.mark.slow
async def test_ten_thousand_idle_connections_take_less_than_200_megabytes(tmp_path: Path) -> None:
    component(tmp_path, "store", "state.in-memory")
    with few_files_for_children():
        running_sidecar = sidecar(tmp_path)
        running = await running_sidecar.__aenter__()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        connect(running.http_port, 1).close()
        before = pss(running.process.pid)
        first, second = await wave(running), await wave(running)
        after = pss(running.process.pid)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        await running_sidecar.__aexit__(None, None, None)

    assert max(first, second) < MOST_BYTES
    assert second < first + GROWN_BYTES
    assert after < before + KEPT_BYTES
