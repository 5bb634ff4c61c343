"""Messages over streams: what becomes of them, and of the streams."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from pluggable._proto.dapr.proto.components.v1 import pubsub_pb2 as pb
from pluggable._wire import names, pubsub as wire
from pluggable.delivery import Accepted, Outcome, Rejected, Unanswered
from pluggable.errors import UnavailableError, UnsupportedError
from pluggable.metadata import Metadata
from pluggable.pubsub import BulkEntry, BulkPublishRequest, FailedEntry, Message, PublishRequest, Topic
from pluggable.remote import Connection, RemotePubSub
from pluggable.remote.pulling import MESSAGES_IN_FLIGHT, SETTLE_SECONDS
from pluggable.testing.line import Line
from tests.remote.deliveries import Accepting, Desk
from tests.remote.speaking import Life, Process, Pulled

TOPIC = Topic(name="orders", metadata={"rawPayload": "true"})


def a_broker() -> Life:
    life = Life()
    life.services = (names.PUBSUB,)
    life.features = ("BULK_PUBSUB",)
    for method in ("Publish", "BulkPublish", "Pause", "Resume"):
        life.on(names.PUBSUB, method, pb.PublishResponse())
    return life


@asynccontextmanager
async def subscribed(broker: RemotePubSub, desk: Desk[Message]) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(broker.subscribe(TOPIC, desk))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait([task])


@pytest.fixture
async def life(process: Process) -> Life:
    return await process.live(a_broker())


@pytest.fixture
async def broker(life: Life, connection: Connection) -> RemotePubSub:  # noqa: ARG001  it has to live first
    broker = RemotePubSub(connection)
    await broker.init(Metadata())
    return broker


@pytest.fixture
def desk() -> Desk[Message]:
    return Desk()


async def said(stream: Pulled) -> Topic | wire.Ack:
    return wire.pull_request(pb.PullMessagesRequest.FromString(await stream.answers.get()))


async def opened(life: Life) -> Pulled:
    """Wait for the next stream, and read which topic it is for."""
    stream = await life.streams.get()
    assert await said(stream) == TOPIC
    return stream


def a_message(id_: str) -> pb.PullMessagesResponse:
    return wire.pull_response_pb(id_, Message(data=id_.encode(), topic="orders"))


async def test_message_is_published(broker: RemotePubSub, life: Life) -> None:
    arrived: list[PublishRequest] = []

    def publish(data: bytes) -> pb.PublishResponse:
        arrived.append(wire.publish_request(pb.PublishRequest.FromString(data)))
        return pb.PublishResponse()

    life.on(names.PUBSUB, "Publish", publish)
    request = PublishRequest(topic="t", data=b"\xff", pubsub_name="p", metadata={"a": "b"})
    await broker.publish(request)

    assert arrived == [request]


async def test_failed_entries_are_returned(broker: RemotePubSub, life: Life) -> None:
    failed = [FailedEntry(entry_id="2", error="too late")]
    life.on(names.PUBSUB, "BulkPublish", wire.bulk_publish_response_pb(failed))
    request = BulkPublishRequest(topic="t", entries=[BulkEntry(entry_id="2", data=b"")])

    assert broker.features == ("BULK_PUBSUB",)
    assert await broker.bulk_publish(request) == failed


@pytest.mark.parametrize("outcome", [Accepted(), Rejected("no such order")])
async def test_outcome_reaches_the_component(
    broker: RemotePubSub, life: Life, desk: Desk[Message], outcome: Accepted | Rejected
) -> None:
    async with subscribed(broker, desk):
        stream = await opened(life)
        await stream.send(a_message("7"))
        message, answer = await desk.taken.get()
        answer.set_result(outcome)

        assert message == Message(data=b"7", topic="orders")
        assert await said(stream) == wire.Ack("7", outcome)


async def test_answers_come_in_any_order(broker: RemotePubSub, life: Life, desk: Desk[Message]) -> None:
    async with subscribed(broker, desk):
        stream = await opened(life)
        for id_ in ("1", "2", "3"):
            await stream.send(a_message(id_))
        taken = [await desk.taken.get() for _ in range(3)]
        for message, answer in reversed(taken):
            answer.set_result(Accepted())
            assert await said(stream) == wire.Ack(message.data.decode(), Accepted())


async def test_unanswered_says_nothing(broker: RemotePubSub, life: Life, desk: Desk[Message]) -> None:
    outcomes: list[Outcome] = [Unanswered(), Accepted()]
    async with subscribed(broker, desk):
        stream = await opened(life)
        for id_, outcome in zip(("1", "2"), outcomes, strict=True):
            await stream.send(a_message(id_))
            _, answer = await desk.taken.get()
            answer.set_result(outcome)

        assert await said(stream) == wire.Ack("2", Accepted())


async def test_standing_subscription_is_ready(broker: RemotePubSub, desk: Desk[Message]) -> None:
    async with subscribed(broker, desk):
        await desk.standing.get()


async def test_first_message_is_ready_too(broker: RemotePubSub, life: Life, desk: Desk[Message]) -> None:
    life.sends_headers = False
    async with subscribed(broker, desk):
        stream = await opened(life)
        assert desk.standing.empty()
        await stream.send(a_message("1"))
        await desk.standing.get()
        await desk.taken.get()

        assert desk.standing.empty()


@pytest.mark.parametrize("error", [None, UnavailableError("the broker is gone")])
async def test_ended_stream_is_opened_again(
    broker: RemotePubSub, life: Life, desk: Desk[Message], error: UnavailableError | None
) -> None:
    async with subscribed(broker, desk):
        (await opened(life)).end.set_result(error)
        second = await opened(life)
        await second.send(a_message("1"))

        assert (await desk.taken.get())[0].data == b"1"
    assert life.calls.count("Init") == 1


async def test_late_answer_is_discarded(broker: RemotePubSub, life: Life, desk: Desk[Message]) -> None:
    async with subscribed(broker, desk):
        first = await opened(life)
        await first.send(a_message("1"))
        _, late = await desk.taken.get()
        first.end.set_result(None)
        second = await opened(life)

        late.set_result(Accepted())
        await broker.drained()
        await second.send(a_message("2"))
        _, answer = await desk.taken.get()
        answer.set_result(Accepted())

        assert await said(second) == wire.Ack("2", Accepted())
        assert broker.discarded == 1


async def test_broken_connection_reopens_streams(
    process: Process, life: Life, desk: Desk[Message], socket_folder: Path
) -> None:
    async with (
        Line(socket_folder / "line.sock", process.path) as line,
        Connection(line.address, instance="orders", client="c") as connection,
    ):
        broker = RemotePubSub(connection)
        await broker.init(Metadata())
        async with subscribed(broker, desk):
            await opened(life)
            line.cut()
            await opened(life)
    assert life.calls.count("Init") == 1


async def test_restart_reopens_streams_after_init(
    process: Process, broker: RemotePubSub, life: Life, desk: Desk[Message]
) -> None:
    async with subscribed(broker, desk):
        await opened(life)
        await process.die()
        second = await process.live(a_broker())
        stream = await opened(second)
        await stream.send(a_message("1"))
        await desk.taken.get()

    assert second.calls == ["Init", "Features", "PullMessages"]


async def test_stream_refused_as_not_initialised(
    broker: RemotePubSub, life: Life, desk: Desk[Message]
) -> None:
    life.initialised.clear()

    async with subscribed(broker, desk):
        await opened(life)

    assert life.calls == ["Init", "Features", "PullMessages", "Init", "Features", "PullMessages"]


async def test_cancelled_subscription_ends_all(broker: RemotePubSub, life: Life, desk: Desk[Message]) -> None:
    async with subscribed(broker, desk) as task:
        stream = await opened(life)
        await stream.send(a_message("1"))
        await desk.taken.get()

    await stream.gone.wait()
    assert task.cancelled()
    assert desk.given_up == 1
    assert stream.answers.empty()
    await broker.drained()


async def test_stream_is_not_left_right_after_an_answer(
    broker: RemotePubSub, life: Life, desk: Desk[Message]
) -> None:
    async with subscribed(broker, desk) as task:
        stream = await opened(life)
        await stream.send(a_message("1"))
        _, answer = await desk.taken.get()
        answer.set_result(Accepted())
        await said(stream)

        task.cancel()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(SETTLE_SECONDS / 4):
                await stream.gone.wait()
        await stream.send(a_message("2"))  # which the far end had under way
        await stream.gone.wait()

    assert desk.taken.empty()
    assert stream.answers.empty()


async def test_paused_broker_takes_nothing(broker: RemotePubSub, life: Life, desk: Desk[Message]) -> None:
    async with subscribed(broker, desk):
        stream = await opened(life)
        await stream.send(a_message("1"))
        _, answer = await desk.taken.get()
        await broker.pause()
        draining = asyncio.create_task(broker.drained())
        await stream.send(a_message("2"))
        answer.set_result(Accepted())

        assert await said(stream) == wire.Ack("1", Accepted())
        await draining
        assert desk.taken.empty()
        await broker.resume()
        assert (await desk.taken.get())[0].data == b"2"
    assert "Pause" in life.calls


async def test_component_need_not_know_pause(broker: RemotePubSub, life: Life) -> None:
    def refuse(_: bytes) -> pb.PauseResponse:
        raise UnsupportedError("what?")

    life.on(names.PUBSUB, "Pause", refuse)
    life.on(names.PUBSUB, "Resume", refuse)

    await broker.pause()
    await broker.resume()


async def test_message_without_id_is_answered(
    broker: RemotePubSub, life: Life, caplog: pytest.LogCaptureFixture
) -> None:
    async with subscribed(broker, Accepting()):
        stream = await opened(life)
        for _ in range(2):
            await stream.send(a_message(""))
            assert await said(stream) == wire.Ack("", Accepted())

    warned = [each for each in caplog.records if "have no id" in each.getMessage()]
    assert len(warned) == 1


async def test_failing_handler_rejects(
    broker: RemotePubSub, life: Life, desk: Desk[Message], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, logger="pluggable.remote.pulling")
    async with subscribed(broker, desk):
        stream = await opened(life)
        await stream.send(a_message("1"))
        _, answer = await desk.taken.get()
        answer.set_exception(KeyError("secret"))

        ack = await said(stream)
        assert isinstance(ack, wire.Ack)
        assert isinstance(ack.outcome, Rejected)
        assert "secret" not in ack.outcome.reason


async def test_messages_in_flight_are_bounded(broker: RemotePubSub, life: Life, desk: Desk[Message]) -> None:
    async with subscribed(broker, desk):
        stream = await opened(life)
        for place in range(MESSAGES_IN_FLIGHT + 10):
            await stream.send(a_message(str(place)))
        taken = [await desk.taken.get() for _ in range(MESSAGES_IN_FLIGHT)]
        await broker.publish(PublishRequest(topic="t", data=b""))  # a round trip later there is still no more
        assert desk.taken.empty()

        taken[0][1].set_result(Accepted())
        await desk.taken.get()


async def test_bytes_in_flight_are_bounded(
    broker: RemotePubSub, life: Life, desk: Desk[Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pluggable.remote.pulling.BYTES_IN_FLIGHT", 2500)
    async with subscribed(broker, desk):
        stream = await opened(life)
        for place in range(10):
            large = Message(data=b"x" * 1000, topic="orders")
            await stream.send(wire.pull_response_pb(str(place), large))
        taken = [await desk.taken.get() for _ in range(3)]
        await broker.publish(PublishRequest(topic="t", data=b""))  # a round trip later there is still no more
        assert desk.taken.empty()

        for _, answer in taken:
            answer.set_result(Accepted())
        for _ in range(3):
            await desk.taken.get()


async def test_closed_connection_leaves_the_subscription_waiting(
    process: Process, life: Life, desk: Desk[Message]
) -> None:
    async with Connection(process.address, instance="orders", client="c") as connection:
        broker = RemotePubSub(connection)
        await broker.init(Metadata())
        task = asyncio.create_task(broker.subscribe(TOPIC, desk))
        stream = await opened(life)
    await stream.gone.wait()
    task.cancel()
    await asyncio.wait([task])

    assert task.cancelled()
