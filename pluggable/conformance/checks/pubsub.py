"""What holds for every broker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from ..._proto.dapr.proto.components.v1 import pubsub_pb2 as pb
from ..._wire import names
from ...errors import ComponentError
from ...pubsub import BulkEntry, BulkPublishRequest, PublishRequest
from ...remote import RemotePubSub
from ...transport import ClientStream, StatusError
from ..check import ViolationError, check, expect, same
from ..profile import SETTLE_SECONDS
from ..target import Target

MESSAGES = 20
#: How long a stream without a topic may go on.
NO_TOPIC_SECONDS = 3.0


class Reader:
    """
    A subscription on a stream of its own, opened once as a daprd does; it answers as it is told.

    One that the component ends stays ended, which who waits for a message learns.
    """

    def __init__(self, stream: ClientStream, answer: Callable[[pb.PullMessagesResponse], str | None]) -> None:
        self.taken: list[pb.PullMessagesResponse] = []
        self._stream = stream
        self._answer = answer
        self._news = asyncio.Event()
        self._end = ""

    async def run(self, topic: str) -> None:
        """Read and answer until cancelled."""
        try:
            await self._stream.send(pb.PullMessagesRequest(topic=pb.Topic(name=topic)).SerializeToString())
            while (data := await self._stream.receive()) is not None:
                message = pb.PullMessagesResponse.FromString(data)
                self.taken.append(message)
                self._news.set()
                await self._say(message)
            self._end = "the stream ended"
        except StatusError as status:
            self._end = f"the stream ended with {status}"
        finally:
            self._news.set()
            self._stream.cancel("enough")

    async def stands(self) -> None:
        """Wait until headers say so, or the stream is over: to cancel who waits for them would end it."""
        with suppress(StatusError):
            await self._stream.headers()

    async def has(self, number: int) -> None:
        """
        Wait until so many messages have come.

        Raises:
            ViolationError: the component ended the stream before.
        """
        while len(self.taken) < number:
            if self._end:
                raise ViolationError(self._end, "a stream that stays open: a daprd opens no second one")
            self._news.clear()
            await self._news.wait()

    async def _say(self, message: pb.PullMessagesResponse) -> None:
        answer = pb.PullMessagesRequest(ack_message_id=message.id)
        if (error := self._answer(message)) is not None:
            answer.ack_error.message = error
        await self._stream.send(answer.SerializeToString())


def accepted(_: pb.PullMessagesResponse) -> str | None:
    """Answer that the message was handled."""
    return None


def broker(target: Target) -> RemotePubSub:
    """Return the broker."""
    return target.far_end(RemotePubSub)


def topic_of(target: Target) -> str:
    """Return a topic of which nobody else knows."""
    return f"{target.profile.topic}-{target.name('topic')}"


@asynccontextmanager
async def reading(
    target: Target, topic: str, answer: Callable[[pb.PullMessagesResponse], str | None] = accepted
) -> AsyncIterator[Reader]:
    """
    Subscribe, and give the subscription the profile's time to stand, or less if headers say that it does.

    Never less than SETTLE_SECONDS: some servers send headers before they have read the topic.
    """
    reader = Reader(target.stream(names.PUBSUB, "PullMessages"), answer)
    subscription = asyncio.create_task(reader.run(topic))
    standing = asyncio.create_task(reader.stands())
    try:
        await asyncio.sleep(SETTLE_SECONDS)
        await asyncio.wait([standing], timeout=target.profile.settle_seconds - SETTLE_SECONDS)
        yield reader
    finally:
        subscription.cancel()
        await asyncio.wait([subscription, standing])


async def publish(target: Target, topic: str, *data: bytes) -> None:
    """Publish messages."""
    for each in data:
        request = PublishRequest(topic=topic, data=each, pubsub_name=target.profile.instance)
        await broker(target).publish(request)


async def still_arriving(target: Target, topic: str, reader: Reader) -> None:
    """Publish one message after the other: what one does wrong after an event, it may not do at once."""
    for n in range(MESSAGES):
        await publish(target, topic, b"later %d" % n)
        await arrived(target, reader, b"later %d" % n)


async def arrived(target: Target, reader: Reader, *wanted: bytes) -> None:
    """See that all of these come, in any order, each at least once."""
    try:
        async with target.within():
            while set(wanted) - {message.data for message in reader.taken}:
                await reader.has(len(reader.taken) + 1)
    except TimeoutError:
        missing = sorted(set(wanted) - {message.data for message in reader.taken})
        late = f" {target.profile.settle_seconds:g} s after the stream began (the profile's settle_seconds)"
        raise ViolationError(
            f"{len(reader.taken)} messages after {target.profile.wait_seconds:g} s, "
            f"and not {missing[0][:40]!r}{' among others' if len(missing) > 1 else ''}",
            f"all {len(wanted)} that were published{late if not reader.taken else ''}",
        ) from None


@check("pubsub")
async def published_messages_arrive(target: Target) -> None:
    """What is published reaches a subscription of the topic, each message at least once."""
    topic = topic_of(target)
    sent = [b"message %d" % number for number in range(MESSAGES)]
    async with reading(target, topic) as reader:
        await publish(target, topic, *sent)
        await arrived(target, reader, *sent)


@check("pubsub")
async def data_arrives_as_it_was(target: Target) -> None:
    """Data are bytes, and stay as they are; JSON too."""
    topic = topic_of(target)
    sent = [b'{"data": {"n": 1}, "specversion": "1.0"}', bytes(range(256)), "größer".encode()]
    async with reading(target, topic) as reader:
        await publish(target, topic, *sent)
        await arrived(target, reader, *sent)


@check("pubsub")
async def message_has_topic_and_id(target: Target) -> None:
    """A message says which topic it is of, and has an id that no other on the stream has."""
    topic = topic_of(target)
    async with reading(target, topic) as reader:
        await publish(target, topic, b"1", b"2")
        await arrived(target, reader, b"1", b"2")
    same({message.topic_name for message in reader.taken}, {topic}, "topic_name is")
    ids = [message.id for message in reader.taken]
    expect(
        all(ids) and len(set(ids)) == len(ids),
        found=f"the ids {ids}",
        wanted="one for each message, to be answered by",
    )


@check("pubsub")
async def topics_are_kept_apart(target: Target) -> None:
    """A subscription gets the messages of its own topic alone."""
    one, two = topic_of(target), topic_of(target)
    async with reading(target, one) as first, reading(target, two) as second:
        await publish(target, one, b"one")
        await publish(target, two, b"two")
        await arrived(target, first, b"one")
        await arrived(target, second, b"two")
    same({message.data for message in first.taken}, {b"one"}, "the first topic has")
    same({message.data for message in second.taken}, {b"two"}, "the second topic has")


@check("pubsub")
async def rejected_message_stops_nothing(target: Target) -> None:
    """A message that the application refuses does not end the stream; others come all the same."""
    topic = topic_of(target)

    def refusing(message: pb.PullMessagesResponse) -> str | None:
        return "the check says no" if message.data == b"bad" else None

    async with reading(target, topic, refusing) as reader:
        await publish(target, topic, b"bad")
        await arrived(target, reader, b"bad")
        await still_arriving(target, topic, reader)


@check("pubsub")
async def unanswered_message_holds_up_no_topic(target: Target) -> None:
    """While a message is not answered yet, another topic's publishing and delivering go on."""
    slow, quick = topic_of(target), topic_of(target)
    silent = target.stream(names.PUBSUB, "PullMessages")
    try:
        await silent.send(pb.PullMessagesRequest(topic=pb.Topic(name=slow)).SerializeToString())
        async with reading(target, quick) as reader:
            await publish(target, slow, b"slow")
            async with target.within():
                expect(await silent.receive() is not None, found="an ended stream", wanted="a message")
                await publish(target, quick, b"quick")
            await arrived(target, reader, b"quick")
    except TimeoutError:
        raise ViolationError("a call that waits for another topic's answer", "one that does not") from None
    finally:
        silent.cancel("enough")


@check("pubsub")
async def end_of_a_stream_disturbs_no_other(target: Target) -> None:
    """When a subscription ends, those of other topics go on."""
    one, two = topic_of(target), topic_of(target)
    async with reading(target, two) as reader:
        async with reading(target, one) as ended:
            await publish(target, one, b"one")
            await arrived(target, ended, b"one")
        await still_arriving(target, two, reader)


@check("pubsub")
async def bulk_publish_is_answered(target: Target) -> None:
    """BulkPublish publishes all entries, and names those that failed; it is mandatory on the wire."""
    topic = topic_of(target)
    entries = [BulkEntry(entry_id=str(n), data=b"%d" % n, content_type="text/plain") for n in range(MESSAGES)]
    request = BulkPublishRequest(topic=topic, entries=entries, pubsub_name=target.profile.instance)
    async with reading(target, topic) as reader:
        try:
            failed = await broker(target).bulk_publish(request)
        except ComponentError as error:
            raise ViolationError(
                f"BulkPublish refused: {error}", "the entries published, one by one if need be"
            ) from error
        same(list(failed), [], "the failed entries are")
        await arrived(target, reader, *(entry.data for entry in entries))


@check("pubsub")
async def topic_comes_first_on_a_stream(target: Target) -> None:
    """A stream whose first message names no topic ends with an error, not with a subscription to nothing."""
    stream = target.stream(names.PUBSUB, "PullMessages")
    try:
        await stream.send(pb.PullMessagesRequest(ack_message_id="1").SerializeToString())
        async with target.within(NO_TOPIC_SECONDS):
            while await stream.receive() is not None:
                pass
    except TimeoutError:
        raise ViolationError("a stream that goes on without a topic", "an error that says so") from None
    except StatusError:
        return
    finally:
        stream.cancel("enough")
