from __future__ import annotations

import asyncio

import pytest

from pluggable import Accepted, Delivery, Outcome, PubSub, Rejected, Unanswered
from pluggable._wire import names
from pluggable.pubsub import Message, PublishRequest, Topic
from pluggable.serving import acks, sources
from pluggable.transport import DAPRD_RECEIVE_BYTES, Code, StatusError
from tests.serving.calling import Caller
from tests.serving.conftest import Opener


class Broker(PubSub):
    """Delivers what a test puts into its queue, all at once, and keeps the outcomes."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[bytes | Exception] = asyncio.Queue()
        self.outcomes: asyncio.Queue[tuple[bytes, Outcome]] = asyncio.Queue()
        self.stopped = asyncio.Event()
        self.closed = asyncio.Event()

    async def publish(self, request: PublishRequest) -> None: ...

    async def subscribe(self, topic: Topic, deliver: Delivery[Message]) -> None:
        if topic.name == "quiet":
            deliver.ready()
        try:
            async with asyncio.TaskGroup() as tasks:
                while True:
                    data = await self.queue.get()
                    if isinstance(data, Exception):
                        raise data
                    tasks.create_task(self._deliver(topic, data, deliver))
        except* ConnectionError as errors:
            raise errors.exceptions[0] from errors
        finally:
            self.stopped.set()

    async def _deliver(self, topic: Topic, data: bytes, deliver: Delivery[Message]) -> None:
        outcome = await deliver(Message(data=data, topic=topic.name))
        self.outcomes.put_nowait((data, outcome))

    async def close(self) -> None:
        self.closed.set()

    async def next(self) -> tuple[bytes, Outcome]:
        async with asyncio.timeout(5):
            return await self.outcomes.get()


class Opened:
    """A broker that is served, and who calls it."""

    def __init__(self, caller: Caller, brokers: list[Broker]) -> None:
        self.caller = caller
        self.brokers = brokers

    @property
    def broker(self) -> Broker:
        return self.brokers[-1]


@pytest.fixture
async def served(opened: Opener) -> Opened:
    brokers: list[Broker] = []

    def make() -> Broker:
        brokers.append(Broker())
        return brokers[-1]

    caller = await opened(make)
    await caller.init(names.PUBSUB)
    return Opened(caller, brokers)


async def test_answers_reach_their_messages(served: Opened) -> None:
    puller = await served.caller.pull("orders")
    for data in (b"1", b"2"):
        served.broker.queue.put_nowait(data)
    first, second = await puller.receive(), await puller.receive()
    await puller.answer(second.id, "no stock")
    await puller.answer(first.id)

    assert await served.broker.next() == (second.data, Rejected("no stock"))
    assert await served.broker.next() == (first.data, Accepted())
    assert first.topic_name == "orders"


async def test_cut_stream_leaves_messages_unanswered(served: Opened) -> None:
    puller = await served.caller.pull("orders")
    served.broker.queue.put_nowait(b"1")
    await puller.receive()
    puller.stream.cancel("the test")

    assert await served.broker.next() == (b"1", Unanswered())
    await asyncio.wait_for(served.broker.stopped.wait(), 5)


async def test_ids_differ_between_streams(served: Opened) -> None:
    ids = []
    for _ in range(2):
        puller = await served.caller.pull("orders")
        served.broker.queue.put_nowait(b"1")
        ids.append((await puller.receive()).id)
        puller.stream.cancel("the test")
        await served.broker.next()

    first, second = (each.partition("-") for each in ids)
    assert first[0] != second[0]
    assert first[2] == second[2] == "0"


async def test_foreign_answer_does_nothing(served: Opened, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    puller = await served.caller.pull("orders")
    served.broker.queue.put_nowait(b"1")
    message = await puller.receive()
    await puller.answer("another-0")
    await puller.answer(message.id)

    assert await served.broker.next() == (b"1", Accepted())
    await puller.answer(message.id)
    await puller.stream.half_close()
    assert await puller.stream.receive() is None
    assert "2 answers belonged to no message in flight" in caplog.text


async def test_messages_in_flight_are_bounded(served: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    defaults = acks.StreamDelivery.__init__.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "in_flight", 2)
    puller = await served.caller.pull("orders")
    for data in (b"1", b"2", b"3"):
        served.broker.queue.put_nowait(data)
    first, second = await puller.receive(), await puller.receive()
    third = asyncio.create_task(puller.receive())

    assert {first.data, second.data} == {b"1", b"2"}
    await puller.answer(first.id)
    assert (await asyncio.wait_for(third, 5)).data == b"3"


async def test_ready_subscription_sends_its_headers(served: Opened) -> None:
    puller = await served.caller.pull("quiet")

    async with asyncio.timeout(5):
        await puller.stream.headers()
    served.broker.queue.put_nowait(b"1")
    assert (await puller.receive()).data == b"1"


async def test_failed_subscription_ends_its_stream(served: Opened, caplog: pytest.LogCaptureFixture) -> None:
    puller = await served.caller.pull("orders")
    served.broker.queue.put_nowait(ConnectionError("hunter2"))

    with pytest.raises(StatusError, match=r"pubsub\.mine: PullMessages failed unexpectedly") as caught:
        await puller.stream.receive()
    assert caught.value.code is Code.INTERNAL
    assert "hunter2" in caplog.text


async def test_stream_without_topic_is_refused(served: Opened) -> None:
    stream = served.caller.channel.stream(
        names.path(names.PUBSUB, "PullMessages"), metadata=served.caller.metadata
    )
    await stream.send(b"")

    with pytest.raises(StatusError, match="names no topic"):
        await stream.receive()


async def test_message_too_large_for_daprd_is_rejected(served: Opened) -> None:
    data = bytes(DAPRD_RECEIVE_BYTES)
    await served.caller.pull("orders")
    served.broker.queue.put_nowait(data)

    size, outcome = await served.broker.next()
    assert size == data
    assert isinstance(outcome, Rejected)
    assert "at most 4194304 can be received" in outcome.reason


async def test_our_sidecar_receives_large_messages(served: Opened) -> None:
    caller = served.caller.other(client="ours")
    await caller.init(names.PUBSUB)
    puller = await caller.pull("orders")
    served.broker.queue.put_nowait(bytes(DAPRD_RECEIVE_BYTES))

    assert len((await puller.receive()).data) == DAPRD_RECEIVE_BYTES


async def test_predecessor_keeps_its_stream(served: Opened) -> None:
    old = served.broker
    puller = await served.caller.pull("orders")
    old.queue.put_nowait(b"1")
    message = await puller.receive()
    await served.caller.init(names.PUBSUB)
    old.queue.put_nowait(b"2")
    await puller.answer(message.id)

    assert await old.next() == (b"1", Accepted())
    assert not old.closed.is_set()
    await puller.stream.half_close()
    assert await old.next() == (b"2", Unanswered())
    await asyncio.wait_for(old.closed.wait(), 5)


async def test_pause_is_unknown_without_the_capability(served: Opened) -> None:
    with pytest.raises(StatusError) as caught:
        await served.caller.channel.unary(
            names.path(names.PUBSUB, "Pause"), b"", metadata=served.caller.metadata, timeout=5
        )
    assert caught.value.code is Code.UNIMPLEMENTED


async def test_stopping_is_finished_when_cancelled_twice() -> None:
    begun, may_end, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def stop() -> None:
        begun.set()
        await may_end.wait()
        ended.set()

    stopping = asyncio.create_task(sources.undisturbed(stop()))
    await begun.wait()
    for _ in range(2):
        stopping.cancel()
        await asyncio.sleep(0)
    may_end.set()

    with pytest.raises(asyncio.CancelledError):
        await stopping
    assert ended.is_set()
