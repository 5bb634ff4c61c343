"""Streams of one NATS that a daprd and ours share: the same consumers, messages and groups."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.backends.nats import NATS
from tests.backends.tap import Tap
from tests.e2e.daprds import daprd, needs_daprd
from tests.e2e.recorded.jetstream import APP_ID, FILE, STREAM, subscribe, told, write_components
from tests.e2e.sidecars import component, sidecar
from tests.e2e.takers import Taker, post

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("nats")]

#: What a daprd made and sent; tests/e2e/recorded/jetstream.py says how it was recorded.
RECORDED: Final = json.loads(FILE.read_text())
PUBLISH: Final = f"publish/events/{STREAM}.orders"
MESSAGES: Final = 40


@pytest.fixture(autouse=True)
def in_time() -> None:
    """A daprd, and what waits for one, take longer than the other tests have."""


@pytest.fixture
def server() -> Iterator[NATS]:
    """A server of the test's own, with the stream."""
    with NATS.running() as found:
        found.make_stream(STREAM, f"{STREAM}.>")
        yield found


@pytest.fixture
async def tap(server: NATS) -> AsyncIterator[Tap]:
    async with Tap.before(server.port) as found:
        yield found


@pytest.fixture
async def taker() -> AsyncIterator[Taker]:
    async with Taker.serving() as found:
        yield found


@pytest.fixture
async def other() -> AsyncIterator[Taker]:
    """A second application."""
    async with Taker.serving() as found:
        yield found


@pytest.fixture
def written(resources: Path, server: NATS) -> Path:
    """Resources with a component whose consumer stays, and may have several that read it."""
    url = f"nats://127.0.0.1:{server.port}"
    component(resources, "events", "pubsub.jetstream", natsURL=url, durableName="d", queueGroupName="g")
    return resources


async def test_consumers_and_messages_are_those_recorded(
    resources: Path, tap: Tap, taker: Taker, server: NATS
) -> None:
    write_components(resources, tap.port)
    subscribe(taker)
    async with sidecar(resources, app_id=APP_ID, app_port=taker.port) as ours:
        found = await told(ours, tap, server)

    assert found == {name: RECORDED[name] for name in found}


@needs_daprd
async def test_consumers_and_messages_recorded_are_a_daprds(
    resources: Path, tap: Tap, taker: Taker, server: NATS
) -> None:
    write_components(resources, tap.port)
    subscribe(taker)
    async with daprd(resources, APP_ID, taker.port) as theirs:
        found = await told(theirs, tap, server)

    assert found == {name: RECORDED[name] for name in found}


@needs_daprd
async def test_consumer_goes_on_where_the_other_left_it(written: Path, taker: Taker) -> None:
    taker.subscribe("events", f"{STREAM}.orders")
    async with daprd(written, "other") as theirs, sidecar(written, app_id="third") as ours:
        async with daprd(written, "app", taker.port):
            await post(theirs, PUBLISH, b"theirs to theirs")
            await post(ours, PUBLISH, b"ours to theirs")
            await taker.got(2)
        await post(theirs, PUBLISH, b"theirs, kept for ours")
        async with sidecar(written, app_id="app", app_port=taker.port):
            await post(ours, PUBLISH, b"ours to ours")
            await taker.got(4)
        await post(ours, PUBLISH, b"ours, kept for theirs")
        async with daprd(written, "app", taker.port):
            arrivals = await taker.got(5)

    assert [arrival.data() for arrival in arrivals] == [
        "theirs to theirs",
        "ours to theirs",
        "theirs, kept for ours",
        "ours to ours",
        "ours, kept for theirs",
    ]
    assert {arrival.route for arrival in arrivals} == {"events"}


@needs_daprd
@pytest.mark.parametrize("first", [daprd, sidecar])
async def test_group_of_both_shares_messages(written: Path, taker: Taker, other: Taker, first: type) -> None:
    second = sidecar if first is daprd else daprd
    for each in (taker, other):
        each.subscribe("events", f"{STREAM}.orders")
    async with (
        first(written, app_id="one", app_port=taker.port) as one,
        second(written, app_id="two", app_port=other.port) as two,
    ):
        for number in range(MESSAGES):
            await post(one if number % 2 else two, PUBLISH, b"%d" % number)
        async with asyncio.timeout(30):
            while len(taker.arrivals) + len(other.arrivals) < MESSAGES:  # noqa: ASYNC110  two counts
                await asyncio.sleep(0.05)

    found = [arrival.data() for arrival in (*taker.arrivals, *other.arrivals)]
    assert sorted(found, key=int) == [str(number) for number in range(MESSAGES)]
    assert taker.arrivals
    assert other.arrivals
