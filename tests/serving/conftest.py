from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from pluggable import transport
from pluggable.serving.endpoint import Endpoint
from pluggable.serving.instances import Offered
from tests.serving.calling import Caller

Opener = Callable[[Offered], Awaitable[Caller]]


@pytest.fixture
async def opened(socket_folder: Path) -> AsyncIterator[Opener]:
    """Serve a component as ``mine`` and return who calls it."""
    async with AsyncExitStack() as stack:

        async def open_(offered: Offered) -> Caller:
            path = socket_folder / "mine.sock"
            await stack.enter_async_context(Endpoint("mine", offered, path))
            return Caller(await stack.enter_async_context(transport.channel(f"unix:{path}")))

        yield open_
