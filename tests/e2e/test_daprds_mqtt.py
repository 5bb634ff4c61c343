"""One MQTT broker that a daprd and ours share: the same packets, sessions and groups."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.backends.mosquitto import Mosquitto
from tests.backends.tap import Tap
from tests.e2e.daprds import daprd, needs_daprd
from tests.e2e.recorded.mqtt import APP_ID, FILE, subscribe, told, write_components
from tests.e2e.sidecars import component, sidecar
from tests.e2e.takers import Taker, post

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("mqtt")]

#: What a daprd said; tests/e2e/recorded/mqtt.py says how it was recorded.
RECORDED: Final = json.loads(FILE.read_text())["clients"]
MESSAGES: Final = 40


@pytest.fixture
def broker() -> Iterator[Mosquitto]:
    """A broker of the test's own, as client ids and retained messages are the broker's."""
    with Mosquitto.running() as server:
        yield server


@pytest.fixture(autouse=True)
def in_time() -> None:
    """A daprd, and what waits for one, take longer than the other tests have."""


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """Resources of an application that does not subscribe."""
    (folder := tmp_path / "elsewhere").mkdir()
    return folder


@pytest.fixture
async def tap(broker: Mosquitto) -> AsyncIterator[Tap]:
    async with Tap.before(broker.port) as found:
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


async def test_packets_are_those_recorded(resources: Path, tap: Tap, taker: Taker) -> None:
    write_components(resources, tap.port)
    subscribe(taker)
    async with sidecar(resources, app_id=APP_ID, app_port=taker.port) as ours:
        assert await told(ours, tap) == RECORDED
        assert ours.process.returncode == 0, ours.log()


@needs_daprd
async def test_packets_recorded_are_a_daprds(resources: Path, tap: Tap, taker: Taker) -> None:
    write_components(resources, tap.port)
    subscribe(taker)
    async with daprd(resources, APP_ID, taker.port) as theirs:
        assert await told(theirs, tap) == RECORDED


@needs_daprd
async def test_session_goes_on_where_the_other_left_it(
    resources: Path, elsewhere: Path, broker: Mosquitto, taker: Taker
) -> None:
    url = f"mqtt://127.0.0.1:{broker.port}"
    component(resources, "events", "pubsub.mqtt3", url=url, consumerID="shop")
    component(elsewhere, "events", "pubsub.mqtt3", url=url)
    taker.subscribe("events", "orders")
    said = "publish/events/orders"
    async with daprd(resources, "app", taker.port) as theirs:
        await post(theirs, said, b"theirs to theirs")
        await taker.got(1)
    # Nobody is there as "shop" meanwhile: the broker keeps messages for whoever comes next.
    async with sidecar(elsewhere, app_id="other") as other:
        await post(other, said, b"ours, kept for ours")
    async with (
        sidecar(resources, app_id="app", app_port=taker.port) as ours,
        daprd(elsewhere, "other") as other,
    ):
        await post(ours, said, b"ours to ours")
        await post(other, said, b"theirs to ours")
        await taker.got(4)
    # What is kept for a daprd it gets, but hands over after its next connection only, so nothing is here.
    async with daprd(resources, "app", taker.port), sidecar(elsewhere, app_id="other") as other:
        await post(other, said, b"ours to theirs")
        arrivals = await taker.got(5)

    assert {arrival.data() for arrival in arrivals} == {
        "theirs to theirs",
        "ours, kept for ours",
        "ours to ours",
        "theirs to ours",
        "ours to theirs",
    }


@needs_daprd
async def test_group_of_both_shares_messages(
    resources: Path, broker: Mosquitto, taker: Taker, other: Taker
) -> None:
    url = f"mqtt://127.0.0.1:{broker.port}"
    component(resources, "events", "pubsub.mqtt3", url=url)
    for each in (taker, other):
        each.subscribe("events", "$share/g/orders")
    async with (
        daprd(resources, "theirs", taker.port) as theirs,
        sidecar(resources, app_id="ours", app_port=other.port) as ours,
    ):
        for number in range(MESSAGES):
            await post(ours if number % 2 else theirs, "publish/events/orders", b"%d" % number)
        async with asyncio.timeout(30):
            while len(taker.arrivals) + len(other.arrivals) < MESSAGES:  # noqa: ASYNC110  two counts
                await asyncio.sleep(0.05)

    found = [arrival.data() for arrival in (*taker.arrivals, *other.arrivals)]
    assert sorted(found, key=int) == [str(number) for number in range(MESSAGES)]
    assert taker.arrivals
    assert other.arrivals


@needs_daprd
async def test_binding_of_one_reads_what_the_other_created(
    resources: Path, elsewhere: Path, broker: Mosquitto, taker: Taker
) -> None:
    url = f"mqtt://127.0.0.1:{broker.port}"
    component(resources, "lamp", "bindings.mqtt3", url=url, consumerID="lamp", topic="lamps")
    write = {"url": url, "consumerID": "{uuid}", "topic": "lamps", "direction": "output"}
    component(elsewhere, "lamp", "bindings.mqtt3", **write)
    call = {"operation": "create", "data": {"on": True}}
    async with daprd(elsewhere, "other") as theirs, sidecar(elsewhere, app_id="other2") as ours:
        async with daprd(resources, "app", taker.port):
            await post(ours, "bindings/lamp", call)
            await taker.got(1)
        await post(theirs, "bindings/lamp", call)  # kept for whoever reads next
        async with sidecar(resources, app_id="app", app_port=taker.port):
            await post(theirs, "bindings/lamp", call)
            await taker.got(3)

    seen = [(each.route, each.body, each.headers["topic"]) for each in taker.arrivals]
    assert seen == [("lamp", b'{"on":true}', "lamps")] * 3
