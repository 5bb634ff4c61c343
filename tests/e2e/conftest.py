"""Fixtures for tests of whole processes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.applications import Application

LONGEST_SECONDS = 45.0


@pytest.fixture(autouse=True)
async def in_time() -> AsyncIterator[None]:
    """Nothing here takes long; what waits for ever is cancelled, so that its processes are ended."""
    loop = asyncio.get_running_loop()
    late = loop.call_later(LONGEST_SECONDS, lambda: [task.cancel() for task in asyncio.all_tasks(loop)])
    yield
    late.cancel()


@pytest.fixture
def resources(tmp_path: Path) -> Path:
    """A folder for a sidecar's YAML."""
    folder = tmp_path / "resources"
    folder.mkdir()
    return folder


@pytest.fixture
async def application() -> AsyncIterator[Application]:
    """An application that takes what it is sent."""
    async with Application() as found:
        yield found
