"""Calls as spans and measurements."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from google.protobuf.message import Message as Proto
from opentelemetry import trace
from opentelemetry.trace import SpanKind, StatusCode

from pluggable import Accepted, ETagMismatchError, bindings, pubsub, state
from pluggable._proto.dapr.proto.components.v1 import bindings_pb2, pubsub_pb2, state_pb2
from pluggable._wire import names
from pluggable.delivery import Delivery
from pluggable.serving.instances import Instance
from pluggable.serving.observing import observed as observed_handlers
from pluggable.serving.services import Services
from pluggable.transport import StatusError
from pluggable.transport.ngh2.messages import prefix
from tests.serving.otel.conftest import Opened, Seen
from tests.transport.h2.peers import peer

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"
SERVICE = "dapr.proto.components.v1"


class Shelf(state.StateStore):
    """A store that looks into keys for what to do."""

    async def get(self, request: state.GetRequest) -> state.GetResponse | None:
        match request.key:
            case "stale":
                raise ETagMismatchError("hunter2")
            case "broken":
                raise RuntimeError("hunter2")
            case "hang":
                await asyncio.Event().wait()
        return state.GetResponse(data=str(trace.get_current_span().get_span_context().span_id).encode())

    async def set(self, request: state.SetRequest) -> None: ...

    async def delete(self, request: state.DeleteRequest) -> None: ...


class Post(pubsub.PubSub, bindings.OutputBinding):
    """A broker and a binding that swallow everything."""

    operations = ("create",)

    async def publish(self, request: pubsub.PublishRequest) -> None: ...

    async def subscribe(self, topic: pubsub.Topic, deliver: Delivery[pubsub.Message]) -> None: ...

    async def invoke(self, _: bindings.InvokeRequest) -> bindings.InvokeResponse:
        return bindings.InvokeResponse()


def event(**fields: object) -> bytes:
    return json.dumps({"specversion": "1.0", "id": "1", **fields}).encode()


async def get(seen: Seen, key: str, timeout: float = 5, **metadata: str) -> bytes:
    request = state_pb2.GetRequest(key=key).SerializeToString()
    pairs = [*seen.caller.metadata, *metadata.items()]
    path = names.path(names.STATE_STORE, "Get")
    data = await seen.caller.channel.unary(path, request, metadata=pairs, timeout=timeout)
    return state_pb2.GetResponse.FromString(data).data


async def test_call_is_a_span_by_the_conventions(observed: Opened) -> None:
    seen = await observed(Shelf)
    await seen.caller.init()
    await get(seen, "k")
    span = await seen.span("/Get")

    assert (span.name, span.kind) == (f"{SERVICE}.StateStore/Get", SpanKind.SERVER)
    assert dict(span.attributes or {}) == {
        "dapr.component.type": "state.mine",
        "dapr.component.name": "orders",
        "rpc.system.name": "grpc",
        "rpc.method": f"{SERVICE}.StateStore/Get",
        "rpc.response.status_code": "OK",
    }
    assert span.status.status_code is StatusCode.UNSET
    assert span.parent is None


async def test_component_works_within_the_span(observed: Opened) -> None:
    seen = await observed(Shelf)
    await seen.caller.init()
    within = await get(seen, "k")

    span = await seen.span("/Get")
    assert span.context is not None
    assert within == str(span.context.span_id).encode()


async def test_expected_error_is_no_failure(observed: Opened) -> None:
    seen = await observed(Shelf)
    await seen.caller.init()
    with pytest.raises(StatusError):
        await get(seen, "stale")
    span = await seen.span("/Get")

    assert (span.attributes or {})["rpc.response.status_code"] == "FAILED_PRECONDITION"
    assert "error.type" not in (span.attributes or {})
    assert span.status.status_code is StatusCode.UNSET
    (told,) = span.events
    assert dict(told.attributes or {}) == {"exception.type": "pluggable.errors.ETagMismatchError"}
    assert "hunter2" not in span.to_json()


async def test_failure_is_told_without_its_text(observed: Opened) -> None:
    seen = await observed(Shelf)
    await seen.caller.init()
    with pytest.raises(StatusError):
        await get(seen, "broken")
    span = await seen.span("/Get")

    assert (span.attributes or {})["error.type"] == "INTERNAL"
    assert span.status.status_code is StatusCode.ERROR
    assert dict(span.events[0].attributes or {}) == {"exception.type": "builtins.RuntimeError"}
    assert "hunter2" not in span.to_json()
    assert "broken" not in span.to_json()


async def test_call_out_of_time_is_a_failure(observed: Opened, socket_folder: Path) -> None:
    seen = await observed(Shelf)
    await seen.caller.init()
    (socket_folder / "s").symlink_to("mine.sock")
    async with peer(socket_folder) as patient:  # it leaves the end of the call to the server
        stream = patient.engine.send_request(
            [
                (b":method", b"POST"),
                (b":scheme", b"http"),
                (b":path", names.path(names.STATE_STORE, "Get").encode()),
                (b":authority", b"localhost"),
                (b"te", b"trailers"),
                (b"content-type", b"application/grpc"),
                (b"grpc-timeout", b"50m"),
                *((name.encode(), str(value).encode()) for name, value in seen.caller.metadata),
            ]
        )
        wanted = state_pb2.GetRequest(key="hang").SerializeToString()
        patient.engine.send_data(stream, prefix(wanted) + wanted, end_stream=True)
        patient.flush()
        span = await seen.span("/Get")

    assert (span.attributes or {})["rpc.response.status_code"] == "DEADLINE_EXCEEDED"
    assert (span.attributes or {})["error.type"] == "DEADLINE_EXCEEDED"
    assert span.status.status_code is StatusCode.ERROR


async def test_headers_of_a_call_say_the_parent(observed: Opened) -> None:
    seen = await observed(Shelf)
    await seen.caller.init()
    await get(seen, "k", traceparent=PARENT)
    span = await seen.span("/Get")

    assert span.parent is not None
    assert f"{span.parent.trace_id:032x}" == TRACE


@pytest.mark.parametrize(
    ("data", "trace_id"),
    [
        (event(traceparent=PARENT, data={"traceparent": "mine"}), TRACE),
        (event(data={"traceparent": PARENT}), None),
        (json.dumps({"traceparent": PARENT}).encode(), None),
        (event(traceparent=PARENT)[:-1], None),
        (event(traceparent="00-nonsense"), None),
        (event(traceparent=7), None),
        (b'["traceparent"]', None),
    ],
)
async def test_event_says_the_parent_of_its_publishing(
    observed: Opened, data: bytes, trace_id: str | None
) -> None:
    seen = await observed(Post)
    await seen.caller.init(names.PUBSUB)
    await call(seen, names.PUBSUB, "Publish", pubsub_pb2.PublishRequest(topic="orders", data=data))
    span = await seen.span("/Publish")

    assert (f"{span.parent.trace_id:032x}" if span.parent else None) == trace_id


async def test_events_published_together_are_linked(observed: Opened) -> None:
    seen = await observed(Post)
    await seen.caller.init(names.PUBSUB)
    entries = [
        pubsub_pb2.BulkMessageEntry(entry_id=str(number), event=data)
        for number, data in enumerate([event(traceparent=PARENT), event(), b"raw"])
    ]
    await call(seen, names.PUBSUB, "BulkPublish", pubsub_pb2.BulkPublishRequest(entries=entries))
    span = await seen.span("/BulkPublish")

    assert [f"{link.context.trace_id:032x}" for link in span.links] == [TRACE]
    assert span.parent is None


async def test_metadata_says_the_parent_of_an_invocation(observed: Opened) -> None:
    seen = await observed(Post)
    await seen.caller.init(names.OUTPUT_BINDING)
    request = bindings_pb2.InvokeRequest(operation="create", metadata={"traceparent": PARENT})
    await call(seen, names.OUTPUT_BINDING, "Invoke", request)
    span = await seen.span("/Invoke")

    assert span.parent is not None
    assert f"{span.parent.trace_id:032x}" == TRACE


async def call(seen: Seen, service: str, method: str, request: Proto) -> None:
    await seen.caller.call(service, method, request, state_pb2.SetResponse)


async def test_durations_are_told_by_method_and_status(observed: Opened) -> None:
    seen = await observed(Shelf)
    await seen.caller.init()
    await get(seen, "k")
    await get(seen, "k")
    with pytest.raises(StatusError):
        await get(seen, "stale")
    await asyncio.gather(seen.span("/Init"), seen.span("/Get"))

    points = seen.points("rpc.server.call.duration")
    counts = {key.rpartition(".")[2]: point.count for key, point in points.items()}
    assert counts == {
        "StateStore/Init|OK|grpc": 1,
        "StateStore/Get|OK|grpc": 2,
        "StateStore/Get|FAILED_PRECONDITION|grpc": 1,
    }
    assert all(0 < point.sum < 5 for point in points.values())
    assert all(dict(point.attributes)["dapr.component.name"] == "orders" for point in points.values())


async def test_instances_are_counted(observed: Opened) -> None:
    seen = await observed([Shelf, Post])
    await seen.caller.init()
    await seen.caller.other(instance="prices").init()
    await seen.caller.init(names.PUBSUB)
    await seen.caller.init(names.OUTPUT_BINDING)

    counts = {key: point.value for key, point in seen.points("pluggable.instances").items()}
    assert counts == {"state.mine": 2, "pubsub.mine": 1, "bindings.mine": 1}


async def test_nothing_is_wrapped_when_nobody_observes() -> None:
    handlers = Services("mine", Shelf).handlers
    delivery = Nowhere()

    assert all(each is handlers[path] for path, each in observed_handlers(handlers, "t", None).items())
    assert Instance(Shelf(), "state.mine", "orders").observed(delivery) is delivery


class Nowhere(Delivery[pubsub.Message]):
    """Delivers nothing."""

    async def __call__(self, _: pubsub.Message) -> Accepted:
        return Accepted()
