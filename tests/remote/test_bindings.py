"""Bindings over a socket."""

from __future__ import annotations

import asyncio

import pytest

from pluggable._proto.dapr.proto.components.v1 import bindings_pb2 as pb
from pluggable._wire import bindings as wire, names
from pluggable.bindings import Event, InvokeRequest, InvokeResponse
from pluggable.delivery import Accepted, Rejected
from pluggable.errors import InvokeError
from pluggable.metadata import Metadata
from pluggable.remote import Connection, RemoteInputBinding, RemoteOutputBinding
from tests.remote.deliveries import Desk
from tests.remote.speaking import Life, Process


@pytest.fixture
async def sink(process: Process, life: Life, connection: Connection) -> RemoteOutputBinding:
    life.services = (names.OUTPUT_BINDING,)
    life.on(names.OUTPUT_BINDING, "ListOperations", wire.operations_response_pb(("create", "get")))
    life.on(names.OUTPUT_BINDING, "Invoke", wire.invoke_response_pb(InvokeResponse()))
    await process.live(life)
    sink = RemoteOutputBinding(connection)
    await sink.init(Metadata())
    return sink


@pytest.fixture
async def source(process: Process, life: Life, connection: Connection) -> RemoteInputBinding:
    life.services = (names.INPUT_BINDING,)
    await process.live(life)
    source = RemoteInputBinding(connection)
    await source.init(Metadata())
    return source


async def test_operations_are_known_after_init(sink: RemoteOutputBinding) -> None:
    assert sink.operations == ("create", "get")


async def test_call_is_answered(sink: RemoteOutputBinding, life: Life) -> None:
    asked: list[InvokeRequest] = []
    response = InvokeResponse(data=b"\xff", metadata={"statusCode": "200"}, content_type="text/plain")

    def invoke(data: bytes) -> pb.InvokeResponse:
        asked.append(wire.invoke_request(pb.InvokeRequest.FromString(data)))
        return wire.invoke_response_pb(response)

    life.on(names.OUTPUT_BINDING, "Invoke", invoke)
    request = InvokeRequest(operation="create", data=b"\x00", metadata={"a": "b"})

    assert await sink.invoke(request) == response
    assert asked == [request]


async def test_no_data_is_none(sink: RemoteOutputBinding) -> None:
    assert (await sink.invoke(InvokeRequest(operation="get"))).data is None


async def test_failed_call_keeps_what_was_answered(sink: RemoteOutputBinding, life: Life) -> None:
    def fail(_: bytes) -> pb.InvokeResponse:
        raise InvokeError("404 Not Found", data=b"gone", metadata={"statusCode": "404"})

    life.on(names.OUTPUT_BINDING, "Invoke", fail)

    with pytest.raises(InvokeError, match=r"^404 Not Found$") as failed:
        await sink.invoke(InvokeRequest(operation="get"))
    assert failed.value.data == b"gone"
    assert failed.value.metadata == {"statusCode": "404"}


@pytest.mark.parametrize("outcome", [Accepted(b'{"to": ["queue"]}'), Accepted(), Rejected("no")])
async def test_answer_reaches_the_source(
    source: RemoteInputBinding, life: Life, outcome: Accepted | Rejected
) -> None:
    desk: Desk[Event] = Desk()
    event = Event(data=b"\xff", metadata={"a": "b"}, content_type="text/plain")
    reading = asyncio.create_task(source.read(desk))
    stream = await life.streams.get()
    await stream.send(wire.read_response_pb("7", event))
    taken, answer = await desk.taken.get()
    answer.set_result(outcome)
    said = wire.read_request(pb.ReadRequest.FromString(await stream.answers.get()))
    reading.cancel()
    await asyncio.wait([reading])

    assert taken == event
    assert said == wire.Answer("7", outcome)


async def test_paused_source_takes_nothing(source: RemoteInputBinding, life: Life) -> None:
    desk: Desk[Event] = Desk()
    await source.pause()
    reading = asyncio.create_task(source.read(desk))
    stream = await life.streams.get()
    await stream.send(wire.read_response_pb("7", Event(data=b"1")))
    await source.ping()
    assert desk.taken.empty()

    await source.resume()
    await desk.taken.get()
    reading.cancel()
    await asyncio.wait([reading])
    await source.drained()
