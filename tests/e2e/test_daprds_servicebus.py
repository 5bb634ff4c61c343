"""Queues in one double of Service Bus that a daprd and ours share: each publishes, the other delivers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.servicebus import ServiceBusReceivedMessage
from azure.servicebus.aio import ServiceBusClient

from tests.backends.servicebus import ServiceBus
from tests.e2e.applications import Application
from tests.e2e.daprds import daprd, needs_daprd
from tests.e2e.sidecars import Sidecar, component, sidecar

pytestmark = [needs_daprd, pytest.mark.slow, pytest.mark.xdist_group("azure")]

QUERY = "metadata.CorrelationId=c&metadata.Label=l&metadata.ttlInSeconds=60&metadata.id=m&metadata.own=o"


@pytest.fixture(scope="module")
def bus() -> Iterator[ServiceBus]:
    """A namespace of this module's own."""
    with ServiceBus.running() as bus:
        yield bus


@pytest.fixture(autouse=True)
def in_time() -> None:
    """Each test starts more than one sidecar."""


@pytest.fixture(params=["queues", "topics"])
def written(request: pytest.FixtureRequest, resources: Path, bus: ServiceBus) -> Path:
    """Resources with a broker and a queue."""
    shared = {"connectionString": bus.connection_string(), "disableEntityManagement": "true"}
    component(resources, "events", f"pubsub.azure.servicebus.{request.param}", **shared)
    component(resources, "queue", "bindings.azure.servicebusqueues", queueName="work", **shared)
    return resources


async def publish(running: Sidecar, data: str, query: str = "", topic: str = "orders") -> None:
    answer = await running.call("POST", f"/v1.0/publish/events/{topic}?{query}", data.encode())
    assert answer.status == 204, answer.body


async def test_each_delivers_what_the_other_published(written: Path, application: Application) -> None:
    application.subscribe("events", "orders")
    async with daprd(written, "app", application.port) as theirs:
        await publish(theirs, "theirs to theirs")
        await application.got(1)
    async with sidecar(written, app_id="app", app_port=application.port) as ours:
        async with daprd(written, "other") as theirs:
            await publish(theirs, "theirs to ours")
        await publish(ours, "ours to ours")
        await application.got(3)
    async with daprd(written, "app", application.port), sidecar(written, app_id="other") as ours:
        await publish(ours, "ours to theirs")
        events = await application.got(4)

    assert {event["data"] for event in events} >= {"theirs to ours", "ours to ours", "ours to theirs"}


async def test_messages_have_the_same_properties(written: Path, bus: ServiceBus) -> None:
    call = {"operation": "create", "data": "x", "metadata": {"own": "o", "id": "m", "ttl": "60"}}
    async with (
        daprd(written, "app") as theirs,
        sidecar(written, app_id="app") as ours,
        ServiceBusClient.from_connection_string(bus.connection_string()) as client,
    ):
        for query in ("", QUERY):
            found = []
            for running in (theirs, ours):
                await publish(running, "x", query, "seen")
                found.append(await taken(client, "seen"))
            assert found[0] == found[1]
        found = []
        for running in (theirs, ours):
            answer = await running.call("POST", "/v1.0/bindings/queue", json.dumps(call).encode())
            assert answer.status in (200, 204), answer.body
            found.append(await taken(client, "work"))
        assert found[0] == found[1]


async def taken(client: ServiceBusClient, name: str) -> dict[str, object]:
    """Take a message and return what it travels with, beside its body and the trace of its request."""
    async with client.get_queue_receiver(name) as receiver:
        [message] = await receiver.receive_messages(max_message_count=1, max_wait_time=15)
        await receiver.complete_message(message)
    return properties(message)


def properties(message: ServiceBusReceivedMessage) -> dict[str, object]:
    own = {
        name: value
        for name, value in (message.application_properties or {}).items()
        if name not in (b"traceparent", b"tracestate")
    }
    names = (
        "message_id",
        "session_id",
        "partition_key",
        "correlation_id",
        "subject",
        "reply_to",
        "to",
        "content_type",
        "time_to_live",
        "scheduled_enqueue_time_utc",
    )
    return {"own": own, **{name: getattr(message, name) for name in names}}
