"""The contract's one fixture: every test runs on every implementation and kind of address."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import uvloop

from tests.transport.contract.bench import TRANSPORTS, Bench

#: Modules that run on asyncio's own loop too; the rest would tell nothing new for its time.
ON_BOTH_LOOPS = ("test_unary", "test_channel")


def pytest_asyncio_loop_factories(
    item: pytest.Item,
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    if item.path.stem in ON_BOTH_LOOPS:
        return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture(
    # One implementation that calls another is for the slow tests.
    params=[pytest.param(name, marks=[pytest.mark.slow] if "calls" in name else []) for name in TRANSPORTS]
)
def transport(request: pytest.FixtureRequest) -> str:
    return str(request.param)


# What differs by the kind of address is little.
@pytest.fixture(params=["unix", pytest.param("tcp", marks=pytest.mark.slow)])
async def bench(request: pytest.FixtureRequest, transport: str, socket_folder: Path) -> AsyncIterator[Bench]:
    async with AsyncExitStack() as stack:
        yield Bench(transport, request.param, socket_folder, stack)
