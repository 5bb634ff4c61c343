from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from pluggable import transport
from pluggable._proto.dapr.proto.runtime.v1 import appcallback_pb2, pubsub_pb2 as pb
from pluggable.delivery import Accepted, Rejected, Unanswered
from pluggable.errors import UnavailableError
from pluggable.pubsub import PublishRequest
from pluggable.runtime.api.grpc.service import Service
from pluggable.runtime.api.grpc.streaming import StreamingCalls
from pluggable.runtime.subscriptions import delivery
from pluggable.transport import Channel, ClientStream, Code, StatusError
from pluggable_servers.memory.pubsub import InMemoryPubSub
from tests.runtime.subscriptions.bus import World, to, world

METHOD = "/dapr.proto.runtime.v1.Dapr/SubscribeTopicEventsAlpha1"
Status = appcallback_pb2.TopicEventResponse


class Streamed:
    """A stream as an application holds it."""

    def __init__(self, stream: ClientStream) -> None:
        self.stream = stream

    async def ask(self, pubsub: str = "events", topic: str = "orders", **given: Any) -> None:
        initial = pb.SubscribeTopicEventsRequestInitialAlpha1(pubsub_name=pubsub, topic=topic, **given)
        await self._send(pb.SubscribeTopicEventsRequestAlpha1(initial_request=initial))

    async def open(self, pubsub: str = "events", topic: str = "orders", **given: Any) -> None:
        """Subscribe, and wait until that stands."""
        await self.ask(pubsub, topic, **given)
        assert (await self._response()).HasField("initial_response")

    async def event(self) -> appcallback_pb2.TopicEventRequest:
        response = await self._response()
        assert response.HasField("event_message")
        return response.event_message

    async def answer(self, event_id: str, status: Status.TopicEventResponseStatus.ValueType) -> None:
        processed = pb.SubscribeTopicEventsRequestProcessedAlpha1(id=event_id, status=Status(status=status))
        await self._send(pb.SubscribeTopicEventsRequestAlpha1(event_processed=processed))

    async def end(self) -> StatusError | None:
        """Wait for the end of the call and return its error."""
        try:
            async with asyncio.timeout(5):
                while await self.stream.receive() is not None:
                    pass
        except StatusError as error:
            return error
        return None

    async def _send(self, request: pb.SubscribeTopicEventsRequestAlpha1) -> None:
        await self.stream.send(request.SerializeToString())

    async def _response(self) -> pb.SubscribeTopicEventsResponseAlpha1:
        async with asyncio.timeout(5):
            data = await self.stream.receive()
        assert data is not None
        return pb.SubscribeTopicEventsResponseAlpha1.FromString(data)


class Place:
    """A world whose application streams."""

    def __init__(self, here: World, channel: Channel) -> None:
        self.here = here
        self._channel = channel

    @asynccontextmanager
    async def stream(self) -> AsyncIterator[Streamed]:
        async with self._channel.stream(METHOD) as stream:
            yield Streamed(stream)

    @asynccontextmanager
    async def open(self, **given: Any) -> AsyncIterator[Streamed]:
        async with self.stream() as stream:
            await stream.open(**given)
            yield stream

    @property
    def kinds(self) -> list[str]:
        return [each.kind for each in self.here.subscriptions.listing()]


@asynccontextmanager
async def place(**settings: Any) -> AsyncIterator[Place]:
    async with world(**settings) as here:
        here.load(here.bus)
        service = Service()
        StreamingCalls(here.subscriptions).add_to(service)
        async with transport.server(service.handlers) as server:
            address = await server.listen("127.0.0.1:0")
            await server.start()
            async with transport.channel(address) as channel:
                await channel.connect(5)
                yield Place(here, channel)


def event(event_id: str = "1", **attributes: Any) -> bytes:
    return json.dumps(
        {"id": event_id, "datacontenttype": "application/json", "data": 1, **attributes}
    ).encode()


async def test_event_is_streamed_and_answered() -> None:
    async with place() as there, there.open(metadata={"k": "v"}) as stream:
        bus = there.here.bus
        sending = asyncio.create_task(
            bus.send("orders", event(type="t", source="s", specversion="1.0", x="y"))
        )
        got = await stream.event()

        assert (got.id, got.type, got.source, got.spec_version, got.data) == ("1", "t", "s", "1.0", b"1")
        assert (got.pubsub_name, got.topic, got.path) == ("events", "orders", "/")
        assert got.extensions.fields["x"].string_value == "y"
        await stream.answer("1", Status.SUCCESS)
        assert await sending == Accepted()


@pytest.mark.parametrize(("status", "letters"), [(Status.RETRY, 1), (Status.DROP, 1), (9, 1)])
async def test_unhandled_event_is_dead_lettered(status: Any, letters: int) -> None:
    async with place() as there, there.open(dead_letter_topic="dead") as stream:
        sending = asyncio.create_task(there.here.bus.send("orders", event()))
        await stream.answer((await stream.event()).id, status)

        assert await sending == Accepted()
        assert [request.topic for request in there.here.bus.published] == ["dead"] * letters


@pytest.mark.parametrize(("status", "outcome"), [(Status.RETRY, Rejected), (Status.DROP, Accepted)])
async def test_broker_learns_what_became_of_an_event(status: Any, outcome: type) -> None:
    async with place() as there, there.open() as stream:
        sending = asyncio.create_task(there.here.bus.send("orders", event()))
        await stream.answer((await stream.event()).id, status)

        assert isinstance(await sending, outcome)


async def test_answers_belong_to_their_events_in_any_order() -> None:
    async with place() as there, there.open() as stream:
        first = asyncio.create_task(there.here.bus.send("orders", event("1")))
        second = asyncio.create_task(there.here.bus.send("orders", event("2")))
        assert [(await stream.event()).id, (await stream.event()).id] == ["1", "2"]

        await stream.answer("2", Status.RETRY)
        await stream.answer("unknown", Status.SUCCESS)
        await stream.answer("1", Status.SUCCESS)
        assert await first == Accepted()
        assert isinstance(await second, Rejected)


async def test_events_of_one_id_are_answered_in_order() -> None:
    async with place() as there, there.open() as stream:
        first = asyncio.create_task(there.here.bus.send("orders", event()))
        second = asyncio.create_task(there.here.bus.send("orders", event()))
        assert [(await stream.event()).id, (await stream.event()).id] == ["1", "1"]

        await stream.answer("1", Status.SUCCESS)
        await stream.answer("1", Status.RETRY)
        assert await first == Accepted()
        assert isinstance(await second, Rejected)


@pytest.mark.parametrize(
    ("asked", "code", "text"),
    [
        ({"pubsub": ""}, Code.UNKNOWN, "pubsubName is required"),
        ({"topic": ""}, Code.UNKNOWN, "topic is required"),
        ({"pubsub": "notexist"}, Code.INVALID_ARGUMENT, "pubsub notexist is not found"),
        ({"metadata": {"rawPayload": "maybe"}}, Code.INVALID_ARGUMENT, "true or false is wanted"),
    ],
)
async def test_wrong_request_is_refused(asked: dict[str, Any], code: Code, text: str) -> None:
    async with place() as there, there.stream() as stream:
        await stream.ask(**asked)

        error = await stream.end()
        assert error is not None
        assert (error.code, text in error.message) == (code, True)
        assert there.kinds == []


async def test_second_initial_request_ends_the_stream() -> None:
    async with place() as there, there.open() as stream:
        await stream.ask()

        error = await stream.end()
        assert error is not None
        assert (error.code, error.message) == (Code.UNKNOWN, "duplicate initial request received")


async def test_answer_before_the_initial_request_is_refused() -> None:
    async with place() as there, there.stream() as stream:
        await stream.answer("1", Status.SUCCESS)

        error = await stream.end()
        assert error is not None
        assert error.message == "initial request is required"


async def test_forbidden_topic_is_refused() -> None:
    async with place() as there, there.stream() as stream:
        there.here.load(there.here.bus, subscriptionScopes="shop=bills")
        await stream.ask()

        error = await stream.end()
        assert error is not None
        assert error.code is Code.PERMISSION_DENIED
        assert "subscription to topic 'orders' on pubsub 'events' is not allowed" in error.message


async def test_stream_has_its_topic_while_it_is_open() -> None:
    async with place() as there:
        here = there.here
        await here.subscribed(to("orders"))
        async with there.open() as stream:
            assert there.kinds == ["DECLARATIVE", "STREAMING"]
            sending = asyncio.create_task(here.bus.send("orders", event()))
            await stream.answer((await stream.event()).id, Status.SUCCESS)
            assert await sending == Accepted()
            assert here.app.got == []
            streamed = here.bus.subscribed["orders"]

        async with asyncio.timeout(5):
            while here.bus.subscribed.get("orders") in (streamed, None):
                here.bus.changed.clear()
                await here.bus.changed.wait()
        assert await here.bus.send("orders", event()) == Accepted()
        assert [path for path, _ in here.app.got] == ["/orders"]
        assert there.kinds == ["DECLARATIVE"]


async def test_no_application_is_needed() -> None:
    async with place(app_port=0) as there, there.open() as stream:
        sending = asyncio.create_task(there.here.bus.send("orders", event()))
        await stream.answer((await stream.event()).id, Status.SUCCESS)

        assert await sending == Accepted()


async def test_stream_outlives_its_broker() -> None:
    async with place() as there, there.open() as stream:
        del there.here.catalog.pubsub["events"]
        there.here.catalog.notify()
        await there.here.bus.until()
        bus = there.here.load(type(there.here.bus)())
        await bus.until("orders")

        sending = asyncio.create_task(bus.send("orders", event()))
        await stream.answer((await stream.event()).id, Status.SUCCESS)
        assert await sending == Accepted()


async def test_event_of_a_stream_that_ends_is_unanswered() -> None:
    async with place() as there:
        async with there.open(dead_letter_topic="dead") as stream:
            sending = asyncio.create_task(there.here.bus.send("orders", event()))
            await stream.event()

        assert await sending == Unanswered()
        await there.here.bus.until()
        assert there.here.bus.published == []


async def test_caller_that_sends_no_more_ends_the_stream_well() -> None:
    async with place() as there, there.open() as stream:
        await stream.stream.half_close()

        assert await stream.end() is None
        await there.here.bus.until()


async def test_closing_takes_answers_then_ends_streams() -> None:
    async with place() as there, there.stream() as idle, there.open() as stream:
        sending = asyncio.create_task(there.here.bus.send("orders", event()))
        got = await stream.event()
        closing = asyncio.create_task(there.here.subscriptions.close())
        error = await idle.end()
        assert error is not None
        assert error.code is Code.UNAVAILABLE
        await stream.answer(got.id, Status.SUCCESS)

        assert await sending == Accepted()
        await closing
        error = await stream.end()
        assert error is not None
        assert error.code is Code.UNAVAILABLE


async def test_stream_that_never_answers_holds_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "DELIVERIES_AT_ONCE", 3)
    async with place() as there, there.open() as stream:
        sending = [asyncio.create_task(there.here.bus.send("orders", event(str(n)))) for n in range(10)]
        assert [(await stream.event()).id for _ in range(3)] == ["0", "1", "2"]

        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await stream.stream.receive()
        assert not any(task.done() for task in sending)
        for task in sending:
            task.cancel()
        await asyncio.gather(*sending, return_exceptions=True)


async def test_data_that_is_not_of_its_type_is_rejected() -> None:
    async with place() as there, there.open() as stream:
        wrong = event("1", datacontenttype="text/plain", data={"no": "text"})

        assert isinstance(await there.here.bus.send("orders", wrong), Rejected)
        sending = asyncio.create_task(there.here.bus.send("orders", event("2")))
        assert (await stream.event()).id == "2"
        await stream.answer("2", Status.SUCCESS)
        await sending


async def test_failing_dead_letter_topic_rejects() -> None:
    async with place() as there, there.open(dead_letter_topic="dead") as stream:
        there.here.bus.failure = UnavailableError("no broker")
        sending = asyncio.create_task(there.here.bus.send("orders", event()))
        await stream.answer((await stream.event()).id, Status.DROP)

        assert isinstance(await sending, Rejected)


async def test_every_stream_gets_every_event_in_order() -> None:
    async with place() as there:
        broker = InMemoryPubSub()
        there.here.load(broker)  # type: ignore[arg-type]  # any broker will do
        async with there.open() as one, there.open() as other:

            async def read(stream: Streamed) -> list[str]:
                got = []
                for _ in range(100):
                    got.append((await stream.event()).id)
                    await stream.answer(got[-1], Status.SUCCESS)
                return got

            reading = [asyncio.create_task(read(stream)) for stream in (one, other)]
            for n in range(100):
                await broker.publish(PublishRequest(topic="orders", data=event(str(n))))
            assert await asyncio.gather(*reading) == [[str(n) for n in range(100)]] * 2
        await broker.close()
