"""Streams, and what is delivered on them."""

from __future__ import annotations

import asyncio
import json
from typing import ClassVar

import pytest
from opentelemetry import trace
from opentelemetry.trace import SpanKind, StatusCode

from pluggable import Delivery, bindings, pubsub
from pluggable._proto.dapr.proto.components.v1 import bindings_pb2
from pluggable._wire import names
from tests.serving.otel.conftest import Opened

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"
EVENT = json.dumps({"specversion": "1.0", "traceparent": PARENT, "data": "hunter2"}).encode()


class Board(pubsub.PubSub):
    """Delivers what is put on it."""

    queue: ClassVar[asyncio.Queue[pubsub.Message]]

    async def publish(self, request: pubsub.PublishRequest) -> None: ...

    async def subscribe(self, _: pubsub.Topic, deliver: Delivery[pubsub.Message]) -> None:
        deliver.ready()
        while True:
            await deliver(await self.queue.get())


class Bell(bindings.InputBinding):
    """Rings once."""

    async def read(self, deliver: Delivery[bindings.Event]) -> None:
        await deliver(bindings.Event(data=b"ring", metadata={"loud": "yes"}))
        await asyncio.Event().wait()


@pytest.fixture(autouse=True)
def queue() -> None:
    Board.queue = asyncio.Queue()


def put(data: bytes, **metadata: str) -> None:
    Board.queue.put_nowait(pubsub.Message(data=data, topic="orders", metadata=metadata))


async def test_delivery_is_a_span_of_its_events_trace(observed: Opened) -> None:
    seen = await observed(Board)
    await seen.caller.init(names.PUBSUB)
    puller = await seen.caller.pull("orders")
    put(EVENT)
    await puller.answer((await puller.receive()).id)
    span = await seen.span("deliver orders")

    assert span.kind is SpanKind.CONSUMER
    assert span.parent is not None
    assert f"{span.parent.trace_id:032x}" == TRACE
    assert dict(span.attributes or {}) == {
        "dapr.component.type": "pubsub.mine",
        "dapr.component.name": "orders",
        "messaging.system": "mine",
        "messaging.operation.name": "deliver",
        "messaging.operation.type": "process",
        "messaging.destination.name": "orders",
        "pluggable.outcome": "accepted",
    }
    assert "hunter2" not in span.to_json()
    puller.stream.cancel("enough")


async def test_outcomes_are_told_apart(observed: Opened) -> None:
    seen = await observed(Board)
    await seen.caller.init(names.PUBSUB)
    puller = await seen.caller.pull("orders")
    for answer in (None, "hunter2"):
        put(b"raw")
        await puller.answer((await puller.receive()).id, answer)
    put(b"raw")
    await puller.receive()
    pending = (seen.value("pluggable.messages.in_flight"), seen.value("pluggable.streams"))
    puller.stream.cancel("cut")
    stream = await seen.span("/PullMessages")

    assert pending == (1, 1)
    assert (seen.value("pluggable.messages.in_flight"), seen.value("pluggable.streams")) == (0, 0)
    counts = {
        key.split("|")[-1]: point.count for key, point in seen.points("pluggable.message.duration").items()
    }
    assert counts == {"accepted": 1, "rejected": 1, "unanswered": 1}
    outcomes = {
        (span.attributes or {})["pluggable.outcome"]: span.status.status_code
        for span in seen.finished.spans
        if span.name == "deliver orders"
    }
    assert outcomes == {
        "accepted": StatusCode.UNSET,
        "rejected": StatusCode.ERROR,
        "unanswered": StatusCode.UNSET,
    }
    assert "hunter2" not in "".join(span.to_json() for span in seen.finished.spans)
    assert (stream.attributes or {})["rpc.response.status_code"] == "CANCELLED"


async def test_stream_is_no_parent_of_its_messages(observed: Opened) -> None:
    seen = await observed(Board)
    await seen.caller.init(names.PUBSUB)
    puller = await seen.caller.pull("orders")
    put(b"raw")
    await puller.answer((await puller.receive()).id)
    span = await seen.span("deliver orders")
    puller.stream.cancel("enough")

    assert span.parent is None


@pytest.mark.parametrize("data", [b"raw", json.dumps({"specversion": "1.0"}).encode()])
async def test_message_without_a_trace_gets_one(observed: Opened, data: bytes) -> None:
    seen = await observed(Board)
    await seen.caller.init(names.PUBSUB)
    puller = await seen.caller.pull("orders")
    put(data, key="value")
    received = await puller.receive()
    await puller.answer(received.id)
    span = await seen.span("deliver orders")
    puller.stream.cancel("enough")

    assert span.context is not None
    _, trace_id, span_id, _ = received.metadata["traceparent"].split("-")
    assert (trace_id, span_id) == (f"{span.context.trace_id:032x}", f"{span.context.span_id:016x}")
    assert received.metadata["key"] == "value"


async def test_event_with_a_trace_is_left_alone(observed: Opened) -> None:
    seen = await observed(Board)
    await seen.caller.init(names.PUBSUB)
    puller = await seen.caller.pull("orders")
    put(EVENT)
    received = await puller.receive()
    puller.stream.cancel("enough")

    assert (received.data, dict(received.metadata)) == (EVENT, {})


async def test_trace_in_metadata_goes_on(observed: Opened) -> None:
    seen = await observed(Board)
    await seen.caller.init(names.PUBSUB)
    puller = await seen.caller.pull("orders")
    put(b"raw", traceparent=PARENT)
    received = await puller.receive()
    puller.stream.cancel("enough")

    assert received.metadata["traceparent"].startswith(f"00-{TRACE}-")
    assert received.metadata["traceparent"] != PARENT


async def test_event_of_a_binding_brings_its_trace(observed: Opened) -> None:
    seen = await observed(Bell)
    await seen.caller.init(names.INPUT_BINDING)
    stream = seen.caller.channel.stream(
        names.path(names.INPUT_BINDING, "Read"), metadata=seen.caller.metadata
    )
    async with stream:
        received = bindings_pb2.ReadResponse.FromString(await stream.receive() or b"")
        answer = bindings_pb2.ReadRequest(message_id=received.message_id)
        await stream.send(answer.SerializeToString())
        span = await seen.span("deliver")

    assert span.context is not None
    assert f"{span.context.trace_id:032x}" in received.metadata["traceparent"]
    assert received.metadata["loud"] == "yes"
    assert (span.attributes or {})["pluggable.outcome"] == "accepted"


async def test_authors_span_is_the_parent_of_its_delivery(observed: Opened) -> None:
    class Traced(Board):
        async def subscribe(self, topic: pubsub.Topic, deliver: Delivery[pubsub.Message]) -> None:
            with tracer.start_as_current_span("received"):
                await deliver(pubsub.Message(data=b"raw", topic=topic.name))
            await asyncio.Event().wait()

    seen = await observed(Traced)
    tracer: trace.Tracer = seen.tracers.get_tracer("author")
    await seen.caller.init(names.PUBSUB)
    puller = await seen.caller.pull("orders")
    await puller.answer((await puller.receive()).id)
    delivered, received = await asyncio.gather(seen.span("deliver orders"), seen.span("received"))
    puller.stream.cancel("enough")

    assert delivered.parent == received.context
    assert received.parent is None
