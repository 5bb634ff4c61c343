"""The sidecar's ports, and those that somebody else has."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator

import pytest

from pluggable import transport
from pluggable.runtime import listeners
from pluggable.runtime.listeners import bound_in_time


@pytest.fixture
def taken() -> Iterator[socket.socket]:
    """A socket that listens."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other


async def test_port_that_becomes_free_is_taken(
    taken: socket.socket, caplog: pytest.LogCaptureFixture
) -> None:
    port = taken.getsockname()[1]
    async with transport.server({}) as server:
        binding = asyncio.create_task(bound_in_time(server, "127.0.0.1", port))
        async with asyncio.timeout(5):
            while "is in use" not in caplog.text:  # noqa: ASYNC110  a line of a log tells nobody
                await asyncio.sleep(0)
        taken.close()

        assert await binding == f"127.0.0.1:{port}"


async def test_port_that_stays_taken_is_an_error(
    taken: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listeners, "TAKEN_SECONDS", 0.0)
    async with transport.server({}) as server:
        with pytest.raises(OSError, match="Address already in use"):
            await bound_in_time(server, "127.0.0.1", taken.getsockname()[1])
