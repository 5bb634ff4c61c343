"""What ours calls of RabbitMQ is what a daprd calls there, method by method."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.backends.rabbitmq import RabbitMQ
from tests.backends.tap import Tap
from tests.e2e.daprds import daprd, needs_daprd
from tests.e2e.recorded.rabbitmq import APP_ID, FILE, subscribe, told, write_components
from tests.e2e.sidecars import sidecar
from tests.e2e.takers import Taker

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("rabbitmq")]

#: What a daprd called; tests/e2e/recorded/rabbitmq.py says how it was recorded.
RECORDED: Final = json.loads(FILE.read_text())["methods"]


@pytest.fixture(scope="module")
def node() -> Iterator[RabbitMQ]:
    """A node of this module's own, where both declare the same."""
    with RabbitMQ.running() as node:
        yield node


@pytest.fixture(autouse=True)
def in_time() -> None:
    """Starting a node takes longer than the other tests have."""


@pytest.fixture
async def tap(resources: Path, node: RabbitMQ) -> AsyncIterator[Tap]:
    async with Tap.before(node.port) as found:
        write_components(resources, found.port)
        yield found


@pytest.fixture
async def taker() -> AsyncIterator[Taker]:
    async with Taker.serving() as found:
        subscribe(found)
        yield found


async def test_methods_are_those_recorded(resources: Path, tap: Tap, taker: Taker) -> None:
    async with sidecar(resources, app_id=APP_ID, app_port=taker.port) as ours:
        assert await told(ours, tap) == RECORDED
        assert ours.process.returncode == 0, ours.log()


@needs_daprd
async def test_methods_recorded_are_a_daprds(resources: Path, tap: Tap, taker: Taker) -> None:
    async with daprd(resources, APP_ID, taker.port) as theirs:
        assert await told(theirs, tap) == RECORDED
