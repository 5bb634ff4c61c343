"""
One subscription: a push consumer of a stream, made again where the server lost it.

Facts: components-contrib ``pubsub/jetstream/jetstream.go``: an existing durable consumer is used as it is.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from contextlib import suppress
from typing import Final

from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.js.api import ConsumerConfig, ConsumerInfo, DeliverPolicy
from nats.js.errors import NotFoundError as ConsumerGoneError

from pluggable.delivery import Accepted, Delivery, Rejected
from pluggable.errors import ComponentError, UnavailableError
from pluggable.pubsub import Message

from .connection import NATSConnection
from .errors import FAILURES, error_of
from .settings import JetStreamSettings

logger = logging.getLogger(__name__)

#: After trouble, and before a message that was not handled comes again, in seconds; it doubles.
FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 60.0
#: How often to see that the server still has the consumer; one that is gone sends nothing.
_LOOK_EVERY: Final = 30.0
#: So many messages are held here, or with concurrencyMode parallel handled at once.
_MOST: Final = 1000
#: So many messages that were handled are known again, where the server has sent them twice.
_KNOWN: Final = 4 * _MOST
_TOKENS_WITH_DOMAIN: Final = 11
_STALLED: Final = "Nats-Consumer-Stalled"


class Consumer:
    """Delivers the messages of one topic."""

    def __init__(
        self, topic: str, settings: JetStreamSettings, connection: NATSConnection, name: str
    ) -> None:
        self._topic = topic
        self._settings = settings
        self._connection = connection
        self._name = name
        self._came: deque[Msg] = deque()
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._open: set[int] = set()
        self._handled: deque[int] = deque(maxlen=_KNOWN)
        """The latest that were accepted, by the number in the stream; looked up where one comes again."""
        self._left: list[Msg] = []
        self._last = 0

    async def deliver_to(self, deliver: Delivery[Message]) -> None:
        """Deliver until cancelled; trouble with the server is waited out."""
        again = asyncio.Event()
        self._connection.tell_when_found(again)
        try:
            while True:
                stream, info, subscription = await self._bound()
                self._handled.clear()  # another stream counts anew
                deliver.ready()
                try:
                    await self._work_while_there(stream, info.name, again, deliver)
                finally:
                    await self._leave(subscription)
        finally:
            self._connection.tell_no_more(again)

    async def _bound(self) -> tuple[str, ConsumerInfo, Subscription]:
        pause = FIRST_PAUSE
        while True:
            _heed_cancellation()
            try:
                await self._connection.wait_connected(None)
                return await self._bind()
            except (*FAILURES, ComponentError) as error:
                known = (
                    error if isinstance(error, ComponentError) else error_of(error, self._connection.address)
                )
                logger.warning(
                    '%s: trouble with topic "%s", trying again in %g s: %s',
                    self._name,
                    self._topic,
                    pause,
                    known,
                )
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _bind(self) -> tuple[str, ConsumerInfo, Subscription]:
        streams, client = self._connection.streams, self._connection.client
        stream = self._settings.stream_name or await streams.find_stream_name_by_subject(self._topic)
        info = await self._existing(stream)
        inbox = (info and info.config.deliver_subject) or client.new_inbox()
        subscription = await client.subscribe(inbox, queue=self._settings.queue_group_name, cb=self._hold)
        try:
            if info is None:
                info = await streams.add_consumer(stream, self._config(inbox))
        except BaseException:
            await self._leave(subscription)
            raise
        return stream, info, subscription

    async def _existing(self, stream: str) -> ConsumerInfo | None:
        """Return the durable consumer, if there is one and it can be used."""
        durable = self._settings.durable_name
        if not durable:
            return None
        try:
            info: ConsumerInfo = await self._connection.streams.consumer_info(stream, durable)
        except ConsumerGoneError:
            return None
        if info.config.filter_subject not in (None, "", self._topic):
            raise UnavailableError(
                f'consumer "{durable}" is of topic "{info.config.filter_subject}"; '
                "a durableName serves one topic"
            )
        if info.push_bound and not self._settings.queue_group_name:
            raise UnavailableError(
                f'consumer "{durable}" has a subscriber already; set queueGroupName to share it'
            )
        return info

    def _config(self, inbox: str) -> ConsumerConfig:
        config = self._settings.consumer(self._topic, inbox)
        if self._last and not self._settings.durable_name:
            # The server forgot the consumer: go on behind what was handled.
            config.deliver_policy = DeliverPolicy.BY_START_SEQUENCE
            config.opt_start_seq = min(self._open, default=self._last + 1)
            config.opt_start_time = None
        return config

    async def _work_while_there(
        self, stream: str, consumer: str, again: asyncio.Event, deliver: Delivery[Message]
    ) -> None:
        """Work until the server no longer has the consumer."""
        room = None if self._settings.concurrency_mode == "single" else asyncio.Semaphore(_MOST)
        async with asyncio.TaskGroup() as tasks:
            taking = tasks.create_task(self._take(deliver, room, tasks))
            while await self._is_there(stream, consumer):
                _heed_cancellation()
                again.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_EVERY):
                        await again.wait()
            taking.cancel()

    async def _is_there(self, stream: str, consumer: str) -> bool:
        try:
            await self._connection.streams.consumer_info(stream, consumer)
        except ConsumerGoneError:
            logger.warning('%s: the consumer of topic "%s" is gone, made anew', self._name, self._topic)
            return False
        except FAILURES:
            return True  # Nobody knows; the next look tells.
        return True

    async def _hold(self, message: Msg) -> None:
        """Keep what came until it is taken; a client that brings too much waits."""
        self._came.append(message)
        self._news.set()
        if len(self._came) >= _MOST:
            self._room.clear()
            await self._room.wait()

    async def _take(
        self, deliver: Delivery[Message], room: asyncio.Semaphore | None, tasks: asyncio.TaskGroup
    ) -> None:
        """Handle what came, beside each other where there is room for that, else one after the other."""
        task = asyncio.current_task()
        while True:
            await self._news.wait()
            self._news.clear()
            while self._came:
                if room is None:
                    await self._handle(self._came.popleft(), deliver)
                else:
                    await room.acquire()
                    tasks.create_task(self._handle_beside(self._came.popleft(), deliver, room))
                _heed_cancellation(task)
            self._room.set()

    async def _handle_beside(self, message: Msg, deliver: Delivery[Message], room: asyncio.Semaphore) -> None:
        try:
            await self._handle(message, deliver)
        finally:
            room.release()

    async def _answer_status(self, message: Msg) -> None:
        """Answer the server's question whether there is room for more, once what came before was taken."""
        reply = message.reply or (message.headers or {}).get(_STALLED)
        if reply:
            with suppress(*FAILURES):
                await self._connection.client.publish(reply)

    async def _handle(self, message: Msg, deliver: Delivery[Message]) -> None:
        if _is_status(message):
            await self._answer_status(message)
            return
        deliveries, sequence = _numbers(message.reply)
        if deliveries > 1 and sequence in self._handled:
            # It waited here for longer than ackWait, so the server sent it again meanwhile.
            await self._acknowledge(message)
            return
        self._last = max(self._last, sequence)
        self._open.add(sequence)
        handed = Message(data=message.data, topic=self._topic, metadata={"Topic": message.subject})
        try:
            outcome = await deliver(handed)
        except asyncio.CancelledError:
            self._put_back(message)
            raise
        if isinstance(outcome, Accepted):
            self._open.discard(sequence)
            self._handled.append(sequence)
            await self._acknowledge(message)
        elif self._settings.acknowledged:
            reason = outcome.reason if isinstance(outcome, Rejected) else "nobody answered"
            await self._refuse(message, reason)

    async def _acknowledge(self, message: Msg) -> None:
        if self._settings.acknowledged:
            try:
                await message.ack()
            except FAILURES as error:  # the server delivers again what it hears nothing of
                logger.debug('%s: a message to topic "%s" comes again: %s', self._name, self._topic, error)

    async def _refuse(self, message: Msg, reason: str) -> None:
        pause = self._pause(message)
        logger.warning(
            '%s: a message to topic "%s" comes again in %g s: %s', self._name, self._topic, pause, reason
        )
        with suppress(*FAILURES):
            await message.nak(delay=pause)

    def _pause(self, message: Msg) -> float:
        if self._settings.ack_wait:
            return self._settings.ack_wait.total_seconds()
        delivered = message.metadata.num_delivered or 1
        return float(min(FIRST_PAUSE * 2 ** min(delivered - 1, 10), LONGEST_PAUSE))

    def _put_back(self, message: Msg) -> None:
        """Leave a message for who comes next; it is told when the subscription has gone."""
        self._left.append(message)

    async def _leave(self, subscription: Subscription) -> None:
        """Stop, and give back at once what is held."""
        with suppress(*FAILURES):
            await subscription.unsubscribe()
            self._left += self._came
            self._came.clear()
            self._room.set()
            for message in self._left:
                if self._settings.acknowledged and not _is_status(message):
                    await message.nak()
        self._left.clear()


def _numbers(reply: str) -> tuple[int, int]:
    """
    Return how often a message was delivered, and its number in its stream, from where it is acknowledged.

    Source: NATS ADR-15, ``$JS.ACK.<stream>.<consumer>.<deliveries>.<sequence>.…``; servers that name a domain
    and an account put both behind ``ACK``.
    """
    tokens = reply.split(".")
    first = 4 if len(tokens) < _TOKENS_WITH_DOMAIN else 6
    return int(tokens[first]), int(tokens[first + 1])


def _is_status(message: Msg) -> bool:
    return message.headers is not None and "Status" in message.headers


def _heed_cancellation(task: asyncio.Task[None] | None = None) -> None:
    """
    Be cancelled, where the client has swallowed that: its flush does, and so may 3.11's ``wait_for``.

    Who asks often gives the task that it runs in.
    """
    task = task or asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
