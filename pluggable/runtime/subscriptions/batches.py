"""
Messages of one subscription that are handed to the application together.

Source: dapr/dapr ``pkg/runtime/pubsub/default_bulksub.go``: a batch goes when it is full, or when its first
message has waited as long as the subscription says. A component that asks for its messages to go as they come
(``BULK_SUBSCRIBE_IMMEDIATE``) delivers one after the other, so that waiting for a second one is in vain.
"""

from __future__ import annotations

import asyncio
import base64
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..appchannel import Answer, AppChannel, AppError, BulkEntry, BulkEvent, TopicEvent, Verdict
from ..resources import BulkSubscribe
from .delivery import DELIVERIES_AT_ONCE, ReceiverGoneError


@dataclass(slots=True, eq=False)
class _Held:
    """A message that waits for others; ``answer`` is what becomes of it."""

    path: str
    event: TopicEvent
    arrived: float
    answer: asyncio.Future[Answer]


class Batches:
    """
    Receives messages singly and delivers them together, one batch after the other.

    More than ``DELIVERIES_AT_ONCE`` are never in one batch: no more of them come at a time. Nothing is
    delivered but while ``run`` runs.
    """

    def __init__(
        self,
        channel: AppChannel,
        asked: BulkSubscribe,
        *,
        count: Callable[[str, str], None],
        raw: bool = False,
        immediate: bool = False,
    ) -> None:
        self._channel = channel
        self._most = 1 if immediate else min(asked.max_messages, DELIVERIES_AT_ONCE)
        self._seconds = asked.max_await_seconds
        self._raw = raw
        self._count = count
        self._waiting: list[_Held] = []
        self._some = asyncio.Event()
        self._enough = asyncio.Event()
        self._hurried = False

    async def deliver(self, path: str, event: TopicEvent) -> Answer:
        """Hold a message until it is delivered with others, and return what the application says of it."""
        loop = asyncio.get_running_loop()
        held = _Held(path, event, loop.time(), loop.create_future())
        self._waiting.append(held)
        self._some.set()
        if len(self._waiting) >= self._most:
            self._enough.set()
        return await held.answer

    def hurry(self) -> None:
        """Hold nothing back from now on: no more messages come that would be worth waiting for."""
        self._hurried = True
        self._enough.set()

    async def run(self) -> None:
        """Deliver until cancelled; who still waits is told that there is nobody any more."""
        batch: list[_Held] = []
        try:
            while True:
                await self._filled()
                batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
                if not self._waiting:
                    self._some.clear()
                if len(self._waiting) < self._most and not self._hurried:
                    self._enough.clear()
                await self._deliver(batch)
        finally:
            for held in (*batch, *self._waiting):
                if not held.answer.done():
                    held.answer.set_exception(ReceiverGoneError())

    async def _filled(self) -> None:
        """Wait until a batch is full, or its first message has waited its time."""
        await self._some.wait()
        left = self._waiting[0].arrived + self._seconds - asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(max(left, 0)):
                await self._enough.wait()
        except TimeoutError:
            pass

    async def _deliver(self, batch: Sequence[_Held]) -> None:
        """Deliver the messages of each route together, those that nobody has given up meanwhile."""
        routes: dict[str, list[_Held]] = {}
        for held in batch:
            if not held.answer.done():
                routes.setdefault(held.path, []).append(held)
        await asyncio.gather(*(self._deliver_to(path, group) for path, group in routes.items()))

    async def _deliver_to(self, path: str, group: Sequence[_Held]) -> None:
        event = group[0].event
        bulk = BulkEvent(
            pubsub=event.pubsub,
            topic=event.topic,
            entries=[self._entry(held.event) for held in group],
            metadata={"pubsubName": event.pubsub},
        )
        self._count(event.pubsub, event.topic)
        try:
            answers: Sequence[Answer] = await self._channel.deliver_bulk(path, bulk)
        except AppError as error:
            answers = [Answer(Verdict.RETRY, str(error))] * len(group)
        for held, answer in zip(group, answers, strict=True):
            if not held.answer.done():
                held.answer.set_result(answer)

    def _entry(self, event: TopicEvent) -> BulkEntry:
        metadata = dict(event.metadata)
        metadata.pop("pubsubName", None)  # which all of them share
        content = event.content
        return BulkEntry(
            entry_id=str(uuid.uuid4()),
            content=None if self._raw else content,
            data=base64.b64decode(content.whole()["data_base64"]) if self._raw else content.body,
            content_type=metadata.get("content-type", ""),
            metadata=metadata,
        )
