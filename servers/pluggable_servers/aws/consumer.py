"""What polls the queue of a component for all its subscriptions, and hands each message to its topic's."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from pluggable import pubsub
from pluggable.delivery import Accepted, Delivery, Outcome, Rejected, Unanswered
from pluggable.errors import ComponentError, NotFoundError

from .entities import Entities
from .envelope import unpacked
from .queue import FIRST_PAUSE, LONGEST_PAUSE, Queue

logger = logging.getLogger(__name__)

#: So many messages are handled at once where the settings set no bound.
_MOST_AT_ONCE: Final = 1000
#: How long the last request may take once nobody is subscribed.
_LAST_SECONDS: Final = 2.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How the queue is polled, and what becomes of messages that are not handled."""

    component: str
    visibility: int
    wait: int
    most: int
    limit: int
    """The time a message is received at which it is deleted; 0 for never."""
    keeps: bool
    """Whether it is offered at once again instead."""
    at_once: int


@dataclass(eq=False, slots=True)
class _Subscription:
    topic: str
    deliver: Delivery[pubsub.Message]
    tasks: set[asyncio.Task[None]] = field(default_factory=set)


class Consumer:
    """Polls while there is a subscription; what it received is put back when its subscription goes."""

    def __init__(self, entities: Entities, terms: Terms) -> None:
        self._entities = entities
        self._terms = terms
        self._subscriptions: dict[str, list[_Subscription]] = {}
        self._room = asyncio.Semaphore(terms.at_once or _MOST_AT_ONCE)
        self._polling: asyncio.Task[None] | None = None
        self._strangers: set[str] = set()

    async def deliver_to(self, topic: str, deliver: Delivery[pubsub.Message]) -> None:
        """Deliver a topic's messages until cancelled."""
        await self._connected(topic)
        name = self._entities.naming.name(topic)
        subscription = _Subscription(topic, deliver)
        self._subscriptions.setdefault(name, []).append(subscription)
        if self._polling is None:
            self._polling = asyncio.create_task(self._poll())
        try:
            deliver.ready()
            # Polling ends by a fault of ours only, which its subscriptions then show.
            await asyncio.shield(self._polling)
        finally:
            self._subscriptions[name].remove(subscription)
            if not self._subscriptions[name]:
                del self._subscriptions[name]
            await self._leave(subscription)

    async def _connected(self, topic: str) -> None:
        """See to it that the topic's messages come to the queue, however long that takes."""
        pauses = _pauses()
        while True:
            try:
                await self._entities.queue(topic)
            except ComponentError as error:
                await self._wait(next(pauses), f'subscribing to topic "{topic}"', error)
            else:
                return

    async def _leave(self, subscription: _Subscription) -> None:
        """Put back what a subscription has in hand, and poll no more if it was the last."""
        ending = set(subscription.tasks)
        if not self._subscriptions and self._polling is not None:
            ending = {self._polling}  # It ends the others, once nothing is asked for any more.
            self._polling = None
        for task in ending:
            task.cancel()
        if ending:
            await asyncio.wait(ending)

    async def _poll(self) -> None:
        pauses = _pauses()
        async with asyncio.TaskGroup() as group:
            while True:
                async with self._room:
                    pass  # There is room for a message before one is asked for.
                try:
                    queue = await self._queue()
                    messages = await self._received(queue)
                except ComponentError as error:
                    if isinstance(error, NotFoundError):
                        self._entities.forget()
                    await self._wait(next(pauses), "receiving", error)
                    continue
                pauses = _pauses()
                await self._hand_over(queue, messages, group)

    async def _queue(self) -> Queue:
        """Return the queue, after all topics are connected to it, which they are as a rule."""
        topics = [each.topic for several in self._subscriptions.values() for each in several]
        queues = [await self._entities.queue(topic) for topic in topics]
        return queues[-1]

    async def _received(self, queue: Queue) -> list[dict[str, Any]]:
        """Return messages; a request that is given up is waited for, as SQS might hide messages for it."""
        asking = asyncio.create_task(
            queue.receive(
                AttributeNames=["All"],
                MaxNumberOfMessages=self._terms.most,
                VisibilityTimeout=self._terms.visibility,
                WaitTimeSeconds=self._terms.wait,
            )
        )
        try:
            return await asyncio.shield(asking)
        except asyncio.CancelledError:
            with suppress(ComponentError, TimeoutError):
                async with asyncio.timeout(_LAST_SECONDS):
                    await _put_back(queue, await asking)
            raise

    async def _hand_over(
        self, queue: Queue, messages: Sequence[dict[str, Any]], group: asyncio.TaskGroup
    ) -> None:
        """Begin to handle the messages, each when there is room; those left are put back on cancellation."""
        waiting = deque(messages)
        try:
            while waiting:
                await self._room.acquire()
                self._begin(queue, waiting.popleft(), group)
        finally:
            await _put_back(queue, waiting)

    def _begin(self, queue: Queue, message: dict[str, Any], group: asyncio.TaskGroup) -> None:
        name, data = unpacked(message["Body"])
        if name and name not in self._subscriptions:
            self._room.release()
            self._tell_stranger(name)
            return
        subscription = self._next(name) if name else None
        task = group.create_task(self._handle(queue, message, subscription, data))
        if subscription is not None:
            subscription.tasks.add(task)
            task.add_done_callback(subscription.tasks.discard)
        task.add_done_callback(lambda _: self._room.release())

    def _next(self, name: str) -> _Subscription:
        """Return the topic's subscription; where there are several, they take turns."""
        several = self._subscriptions[name]
        several.append(several.pop(0))
        return several[-1]

    async def _handle(
        self, queue: Queue, message: dict[str, Any], subscription: _Subscription | None, data: bytes
    ) -> None:
        last = 0 < self._terms.limit <= int(message["Attributes"]["ApproximateReceiveCount"])
        try:
            if last and not self._terms.keeps:
                self._warn(message, "was received messageRetryLimit times and is deleted")
                await queue.delete(message)
            elif subscription is None:
                self._warn(message, "is none of SNS and stays in the queue")
            else:
                await self._deliver(queue, message, subscription, data, at_once=last)
        except ComponentError as error:
            self._warn(message, f"could not be deleted and comes again: {error}")

    async def _deliver(
        self,
        queue: Queue,
        message: dict[str, Any],
        subscription: _Subscription,
        data: bytes,
        *,
        at_once: bool,
    ) -> None:
        outcome: Outcome = Unanswered()
        try:
            outcome = await subscription.deliver(pubsub.Message(data=data, topic=subscription.topic))
        finally:
            if isinstance(outcome, Unanswered):
                await queue.put_back(message)
        if isinstance(outcome, Accepted):
            await queue.delete(message)
        elif isinstance(outcome, Rejected):
            self._warn(message, f'of topic "{subscription.topic}" was not handled: {outcome.reason}')
            if at_once:
                await queue.put_back(message)

    def _tell_stranger(self, name: str) -> None:
        if name not in self._strangers:
            self._strangers.add(name)
            logger.warning(
                'pubsub.aws.snssqs "%s": messages of topic "%s", which nobody here subscribes to, '
                "stay in the queue; unsubscribe the queue from it",
                self._terms.component,
                name,
            )

    def _warn(self, message: Mapping[str, Any], what: str) -> None:
        logger.warning(
            'pubsub.aws.snssqs "%s": message %s %s', self._terms.component, message["MessageId"], what
        )

    async def _wait(self, seconds: float, doing: str, error: ComponentError) -> None:
        logger.warning(
            'pubsub.aws.snssqs "%s": %s: %s; trying again in %g s',
            self._terms.component,
            doing,
            error,
            seconds,
        )
        await asyncio.sleep(seconds)


async def _put_back(queue: Queue, messages: Iterable[dict[str, Any]]) -> None:
    await asyncio.gather(*(queue.put_back(message) for message in messages))


def _pauses() -> Iterator[float]:
    """Yield how long to wait before each further attempt."""
    pause = FIRST_PAUSE
    while True:
        yield pause
        pause = min(2 * pause, LONGEST_PAUSE)
