from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pluggable.remote import Connection
from tests.remote.speaking import Life, Process


@pytest.fixture
async def process(socket_folder: Path) -> AsyncIterator[Process]:
    """Somebody to live at an address."""
    found = Process(socket_folder / "mine.sock")
    yield found
    await found.die()


@pytest.fixture
def life() -> Life:
    """What the component's process answers, to be made fit by the test."""
    return Life()


@pytest.fixture
async def connection(process: Process) -> AsyncIterator[Connection]:
    """A connection to the process, which need not live yet."""
    async with Connection(process.address, instance="orders", client="app-1") as found:
        yield found
