"""Topics and a queue in one RabbitMQ that a daprd and ours share: each publishes, the other delivers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import aiormq
import pytest
from aiormq.abc import DeliveredMessage

from tests.backends.rabbitmq import RabbitMQ
from tests.e2e.applications import Application
from tests.e2e.daprds import daprd, needs_daprd
from tests.e2e.sidecars import Sidecar, component, sidecar
from tests.e2e.takers import Taker, post

pytestmark = [needs_daprd, pytest.mark.slow, pytest.mark.xdist_group("rabbitmq")]

MESSAGES = 40
QUERY = "metadata.correlationID=c&metadata.priority=3&metadata.ttlInSeconds=60&metadata.messageID=m"


@pytest.fixture(scope="module")
def node() -> Iterator[RabbitMQ]:
    """A node of this module's own."""
    with RabbitMQ.running() as node:
        yield node


@pytest.fixture(autouse=True)
def in_time() -> None:
    """Starting a node takes longer than the other tests have."""


@pytest.fixture
def written(resources: Path, node: RabbitMQ) -> Path:
    """Resources with both components, every queue of which is declared with all that can be asked for."""
    url = f"amqp://guest:guest@127.0.0.1:{node.port}/"
    component(
        resources,
        "events",
        "pubsub.rabbitmq",
        connectionString=url,
        enableDeadLetter="true",
        maxLen="1000",
        maxLenBytes="100000",
        deletedWhenUnused="false",
        deliveryMode="2",
    )
    component(
        resources,
        "queue",
        "bindings.rabbitmq",
        host=url,
        queueName="work",
        ttlInSeconds="600",
        maxPriority="5",
    )
    return resources


async def publish(running: Sidecar, data: str, query: str = "") -> None:
    answer = await running.call("POST", f"/v1.0/publish/events/orders?{query}", data.encode())
    assert answer.status == 204, answer.body


async def test_each_delivers_what_the_other_published(written: Path, application: Application) -> None:
    application.subscribe("events", "orders")
    async with daprd(written, "app", application.port) as theirs:
        await publish(theirs, "theirs to theirs")
        await application.got(1)
    # The queue stays, so ours declares it again, which the broker refuses where any argument differs.
    async with sidecar(written, app_id="app", app_port=application.port) as ours:
        async with daprd(written, "other") as theirs:
            await publish(theirs, "theirs to ours")
        await publish(ours, "ours to ours")
        await application.got(3)
    async with daprd(written, "app", application.port) as theirs, sidecar(written, app_id="other") as ours:
        await publish(ours, "ours to theirs")
        events = await application.got(4)

    assert {event["data"] for event in events} == {
        "theirs to theirs",
        "theirs to ours",
        "ours to ours",
        "ours to theirs",
    }


async def test_group_of_both_shares_messages(written: Path) -> None:
    async with Taker.serving() as one, Taker.serving() as other:
        for each in (one, other):
            each.subscribe("events", "shared")
        # An ID of an application is a group, whoever runs it.
        async with (
            daprd(written, "app", one.port) as theirs,
            sidecar(written, app_id="app", app_port=other.port) as ours,
        ):
            for number in range(MESSAGES):
                path = "publish/events/shared"
                await post(ours if number % 2 else theirs, path, b"%d" % number)
            async with asyncio.timeout(30):
                while len(one.arrivals) + len(other.arrivals) < MESSAGES:  # noqa: ASYNC110  two counts
                    await asyncio.sleep(0.05)

    found = [arrival.data() for arrival in (*one.arrivals, *other.arrivals)]
    assert sorted(found, key=int) == [str(number) for number in range(MESSAGES)]
    assert one.arrivals
    assert other.arrivals


async def test_event_that_one_did_not_handle_is_the_others(written: Path) -> None:
    call = {"operation": "create", "data": {"n": 1}, "metadata": {"Key one": "v"}}
    async with Taker.serving() as failing, Taker.serving() as taker:
        failing.status = 500
        for refuses, takes in ((daprd, sidecar), (sidecar, daprd)):
            seen, taken = len(failing.arrivals), len(taker.arrivals)
            async with refuses(written, app_id="app", app_port=failing.port) as running:
                await post(running, "bindings/queue", call)
                await failing.got(seen + 2)
                async with takes(written, app_id="app", app_port=taker.port):
                    await taker.got(taken + 1)

    for arrival in taker.arrivals:
        assert (arrival.route, arrival.body) == ("queue", b'{"n":1}')
        assert arrival.headers["Key+one"] == "v"
    assert len(taker.arrivals) == 2


async def test_messages_have_the_same_properties(written: Path, node: RabbitMQ) -> None:
    async with (
        daprd(written, "app") as theirs,
        sidecar(written, app_id="app") as ours,
        await aiormq.connect(f"amqp://127.0.0.1:{node.port}/") as connection,
    ):
        channel = await connection.channel()
        await channel.exchange_declare("orders", exchange_type="fanout", durable=True)
        await channel.queue_declare("seen")
        await channel.queue_bind("seen", "orders")
        for query in ("", QUERY):
            for running in (theirs, ours):
                await publish(running, "x", query)
            wanted, found = [await channel.basic_get("seen", no_ack=True) for _ in range(2)]
            assert properties(found) == properties(wanted)


async def test_queue_takes_messages_of_both_alike(written: Path, node: RabbitMQ) -> None:
    call = {"operation": "create", "data": "x", "metadata": {"Key one": "v", "priority": "2", "type": "t"}}
    async with (
        daprd(written, "app") as theirs,
        sidecar(written, app_id="app") as ours,
        await aiormq.connect(f"amqp://127.0.0.1:{node.port}/") as connection,
    ):
        channel = await connection.channel()
        for running in (theirs, ours):
            answer = await running.call("POST", "/v1.0/bindings/queue", json.dumps(call).encode())
            assert answer.status in (200, 204), answer.body
        wanted, found = [await channel.basic_get("work", no_ack=True) for _ in range(2)]

    assert wanted.body == found.body
    assert properties(found) == properties(wanted)


def properties(message: DeliveredMessage) -> dict[str, object]:
    """Return what a message travels with, beside its body and the trace of its request."""
    found = message.header.properties
    for name in ("traceparent", "tracestate"):
        (found.headers or {}).pop(name, None)
    return {name: getattr(found, name) for name in found.__slots__}
