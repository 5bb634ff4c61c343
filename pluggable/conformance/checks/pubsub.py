"""What holds for every broker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from ..._proto.dapr.proto.components.v1 import pubsub_pb2 as pb
from ..._wire import names
from ...delivery import Accepted, Delivery, Outcome, Rejected
from ...errors import ComponentError
from ...pubsub import BulkEntry, BulkPublishRequest, Message, PublishRequest, Topic
from ...remote import RemotePubSub
from ...transport import StatusError
from ..check import ViolationError, check, expect, same
from ..target import Target

MESSAGES = 20
#: How long a subscription may take to stand where the component does not say that it does.
SETTLE_SECONDS = 0.5
#: How long is waited for what must not come.
QUIET_SECONDS = 0.5


class Reader(Delivery[Message]):
    """Takes messages, and answers as it is told."""

    def __init__(self, answer: Callable[[Message], Outcome]) -> None:
        self.taken: list[Message] = []
        self.standing = asyncio.Event()
        self._answer = answer
        self._news = asyncio.Event()

    async def __call__(self, message: Message) -> Outcome:
        self.taken.append(message)
        self._news.set()
        return self._answer(message)

    def ready(self) -> None:
        self.standing.set()

    async def has(self, number: int) -> None:
        """Wait until so many messages have come."""
        while len(self.taken) < number:
            self._news.clear()
            await self._news.wait()


def broker(target: Target) -> RemotePubSub:
    """Return the broker."""
    return target.far_end(RemotePubSub)


def topic_of(target: Target) -> Topic:
    """Return a topic of which nobody else knows."""
    return Topic(name=f"{target.profile.topic}-{target.name('topic')}")


@asynccontextmanager
async def reading(
    target: Target, topic: Topic, answer: Callable[[Message], Outcome] = lambda _: Accepted()
) -> AsyncIterator[Reader]:
    """Subscribe, and wait a moment until the subscription stands."""
    reader = Reader(answer)
    subscription = asyncio.create_task(broker(target).subscribe(topic, reader))
    try:
        try:
            async with asyncio.timeout(SETTLE_SECONDS):
                await reader.standing.wait()
        except TimeoutError:
            pass  # nothing in the protocol says that it does
        yield reader
    finally:
        subscription.cancel()
        await asyncio.wait([subscription])


async def publish(target: Target, topic: Topic, *data: bytes) -> None:
    """Publish messages."""
    for each in data:
        request = PublishRequest(topic=topic.name, data=each, pubsub_name=target.profile.instance)
        await broker(target).publish(request)


async def arrived(target: Target, reader: Reader, number: int) -> list[bytes]:
    """Return what came, when so many have, or none came for too long."""
    try:
        async with target.within():
            await reader.has(number)
    except TimeoutError:
        raise ViolationError(
            f"{len(reader.taken)} messages after {target.profile.wait_seconds:g} s", f"{number}"
        ) from None
    return [message.data for message in reader.taken]


@check("pubsub")
async def published_messages_arrive(target: Target) -> None:
    """What is published reaches a subscription of the topic, each message at least once."""
    topic = topic_of(target)
    sent = [b"message %d" % number for number in range(MESSAGES)]
    async with reading(target, topic) as reader:
        await publish(target, topic, *sent)
        await arrived(target, reader, MESSAGES)
        async with target.within():
            while {message.data for message in reader.taken} < set(sent):
                await reader.has(len(reader.taken) + 1)


@check("pubsub")
async def data_arrives_as_it_was(target: Target) -> None:
    """Data are bytes, and stay as they are; JSON too."""
    topic = topic_of(target)
    sent = [b'{"data": {"n": 1}, "specversion": "1.0"}', bytes(range(256)), "größer".encode()]
    async with reading(target, topic) as reader:
        await publish(target, topic, *sent)
        same(sorted(await arrived(target, reader, len(sent))), sorted(sent), "the messages are")


@check("pubsub")
async def message_has_topic_and_id(target: Target) -> None:
    """A message says which topic it is of, and has an id that no other on the stream has."""
    topic = topic_of(target)
    stream = target.channel.stream(
        names.path(names.PUBSUB, "PullMessages"), metadata=names.instance_headers(target.profile.instance)
    )
    first = pb.PullMessagesRequest(topic=pb.Topic(name=topic.name))
    try:
        await stream.send(first.SerializeToString())
        await asyncio.sleep(SETTLE_SECONDS)  # nothing in the protocol says that a subscription stands
        await publish(target, topic, b"1", b"2")
        ids = []
        async with target.within():
            for _ in range(2):
                message = pb.PullMessagesResponse.FromString(await stream.receive() or b"")
                same(message.topic_name, topic.name, "topic_name is")
                expect(bool(message.id), found="a message without an id", wanted="one, to be answered by")
                ids.append(message.id)
                answer = pb.PullMessagesRequest(ack_message_id=message.id)
                await stream.send(answer.SerializeToString())
        expect(ids[0] != ids[1], found=f'the id "{ids[0]}" twice on one stream', wanted="each once")
    except TimeoutError:
        raise ViolationError("no message", "the two that were published") from None
    finally:
        stream.cancel("enough")


@check("pubsub")
async def topics_are_kept_apart(target: Target) -> None:
    """A subscription gets the messages of its own topic alone."""
    one, two = topic_of(target), topic_of(target)
    async with reading(target, one) as first, reading(target, two) as second:
        await publish(target, one, b"one")
        await publish(target, two, b"two")
        same(await arrived(target, first, 1), [b"one"], "the first topic has")
        same(await arrived(target, second, 1), [b"two"], "the second topic has")


@check("pubsub")
async def rejected_message_stops_nothing(target: Target) -> None:
    """A message that the application refuses does not end the stream; others come all the same."""
    topic = topic_of(target)

    def refusing(message: Message) -> Outcome:
        return Rejected("the check says no") if message.data == b"bad" else Accepted()

    async with reading(target, topic, refusing) as reader:
        await publish(target, topic, b"bad", b"good")
        async with target.within():
            while b"good" not in [message.data for message in reader.taken]:
                await reader.has(len(reader.taken) + 1)


@check("pubsub")
async def slow_message_holds_up_no_call(target: Target) -> None:
    """While a message is not answered yet, publishing goes on."""
    topic = topic_of(target)
    async with reading(target, topic) as reader:
        may_end = asyncio.Event()
        taken = asyncio.Event()

        class Slow(Delivery[Message]):
            async def __call__(self, message: Message) -> Outcome:
                taken.set()
                await may_end.wait()
                return await reader(message)

        slow = topic_of(target)
        subscription = asyncio.create_task(broker(target).subscribe(slow, Slow()))
        try:
            await asyncio.sleep(SETTLE_SECONDS)
            await publish(target, slow, b"slow")
            async with target.within():
                await taken.wait()
            await publish(target, topic, b"quick")
            same(await arrived(target, reader, 1), [b"quick"], "beside a slow message there are")
        except TimeoutError:
            raise ViolationError("no message", "the one that was published") from None
        finally:
            may_end.set()
            subscription.cancel()
            await asyncio.wait([subscription])


@check("pubsub")
async def ended_subscription_gets_nothing(target: Target) -> None:
    """When its stream has ended, a subscription gets no message any more, and no one else's is disturbed."""
    topic = topic_of(target)
    async with reading(target, topic) as ended:
        await publish(target, topic, b"before")
        await arrived(target, ended, 1)
    before = len(ended.taken)
    await publish(target, topic, b"after")
    await asyncio.sleep(QUIET_SECONDS)
    same(len(ended.taken), before, "the messages of a subscription that ended are")
    await broker(target).ping()


@check("pubsub")
async def bulk_publish_is_answered(target: Target) -> None:
    """BulkPublish publishes all entries, and names those that failed; it is mandatory on the wire."""
    topic = topic_of(target)
    entries = [BulkEntry(entry_id=str(n), data=b"%d" % n, content_type="text/plain") for n in range(MESSAGES)]
    async with reading(target, topic) as reader:
        request = BulkPublishRequest(topic=topic.name, entries=entries, pubsub_name=target.profile.instance)
        try:
            failed = await broker(target).bulk_publish(request)
        except ComponentError as error:
            raise ViolationError(
                f"BulkPublish refused: {error}", "the entries published, one by one if need be"
            ) from error
        same(list(failed), [], "the failed entries are")
        found = await arrived(target, reader, MESSAGES)
        same(sorted(set(found)), sorted(entry.data for entry in entries), "the messages are")


@check("pubsub")
async def topic_comes_first_on_a_stream(target: Target) -> None:
    """A stream whose first message names no topic ends with an error, not with a subscription to nothing."""
    stream = target.channel.stream(
        names.path(names.PUBSUB, "PullMessages"), metadata=names.instance_headers(target.profile.instance)
    )
    try:
        await stream.send(pb.PullMessagesRequest(ack_message_id="1").SerializeToString())
        async with target.within(min(target.profile.wait_seconds, 3.0)):
            while await stream.receive() is not None:
                pass
    except TimeoutError:
        raise ViolationError(
            "the stream goes on without a topic", "an error that says that it needs one"
        ) from None
    except StatusError:
        return
    finally:
        stream.cancel("enough")
