"""
One subscription to a stream: a reader, a look-out for lost messages, and workers that hand over.

Facts: components-contrib ``pubsub/redis/redis.go``: group from the stream's beginning, XREADGROUP, XPENDING
and XCLAIM by the same consumer, XACK.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from redis.exceptions import ResponseError

from pluggable.delivery import Delivery, Outcome, Rejected, Unanswered
from pluggable.errors import UnavailableError
from pluggable.metadata import NO_METADATA
from pluggable.pubsub import Message

from .connection import RedisConnection
from .errors import FAILURES

logger = logging.getLogger(__name__)

#: After trouble with the broker the pause before the next attempt grows from one to the other, in seconds.
FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 10.0

#: How long the server may take to see that a subscription has ended.
_LEAVING: Final = 1.0

#: How the server says that somebody removed the stream or the group.
_GROUP_IS_GONE: Final = ("NOGROUP", "UNBLOCKED")

#: An entry's id and its fields.
Entry = tuple[bytes, Mapping[bytes, bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How all subscriptions of a component work; times in seconds, ``block`` in milliseconds."""

    component: str
    group: str
    depth: int
    workers: int
    block: int
    lost_after: float
    look_every: float
    room: asyncio.Semaphore
    """How many messages of all topics are handled at once."""


@dataclass(slots=True)
class Left:
    """The messages of a topic that a subscription had taken and that nobody answered."""

    ids: set[bytes] = field(default_factory=set)


class Stream:
    """Delivers the messages of one topic."""

    def __init__(
        self,
        topic: str,
        terms: Terms,
        reading: RedisConnection,
        answering: RedisConnection,
        left: Left,
    ) -> None:
        self._topic = topic
        self._terms = terms
        self._reading = reading
        self._answering = answering
        self._left = left
        self._queue: asyncio.Queue[Entry] = asyncio.Queue(terms.depth)
        self._held: set[bytes] = set()

    async def deliver_to(self, deliver: Delivery[Message]) -> None:
        """Deliver until cancelled; trouble with the broker is waited out."""
        try:
            await self._patiently(self._make_group)
            deliver.ready()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._patiently(self._read))
                tasks.create_task(self._patiently(self._look_out))
                for _ in range(self._terms.workers):
                    tasks.create_task(self._work(deliver))
        finally:
            self._left.ids |= self._held
            await self._leave()

    async def _leave(self) -> None:
        """
        Wait until the server has seen that the reader hung up.

        Until then it may give it what is published next, which would wait for ``processingTimeout``. It
        answers after it has looked at all connections, so also at the reader's, which was closed before.
        """
        with suppress(TimeoutError, *FAILURES, UnavailableError):
            async with asyncio.timeout(_LEAVING):
                await self._answering.call("EXISTS", self._topic)  # the key, as a cluster has many servers

    async def _patiently(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do it again and again, with pauses, until it ends by itself."""
        pause, group_is_gone = FIRST_PAUSE, False
        while True:
            began = asyncio.get_running_loop().time()
            try:
                if group_is_gone:
                    await self._make_group()
                return await work()
            except (*FAILURES, UnavailableError) as error:
                was_gone, group_is_gone = group_is_gone, str(error).startswith(_GROUP_IS_GONE)
                # A group that is gone is made at once when the server is back, however long it was away.
                is_news = group_is_gone and not was_gone
                if is_news or asyncio.get_running_loop().time() - began > LONGEST_PAUSE:
                    pause = FIRST_PAUSE
                logger.warning(
                    'pubsub.redis "%s": trouble with topic "%s", trying again in %.1f s: %s',
                    self._terms.component,
                    self._topic,
                    pause,
                    error,
                )
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _make_group(self) -> None:
        """Make the group, and the stream with it; a new group sees the stream from its beginning."""
        try:
            await self._answering.call("XGROUP", "CREATE", self._topic, self._terms.group, "0", "MKSTREAM")
        except ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise

    async def _read(self) -> None:
        group, terms = self._terms.group, self._terms
        command = ("XREADGROUP", "GROUP", group, group, "COUNT", terms.depth, "BLOCK", terms.block)
        while True:
            for _, entries in await self._reading.alone(*command, "STREAMS", self._topic, ">") or ():
                await self._take(entries)

    async def _look_out(self) -> None:
        """Take what an earlier subscription here left, then look for what is lost, again and again."""
        await self._reclaim_left()
        if not (self._terms.lost_after > 0 and self._terms.look_every > 0):
            return
        while True:
            start: str | None = "-"
            while start is not None:
                start = await self._reclaim_lost(start)
            await asyncio.sleep(self._terms.look_every)

    async def _reclaim_left(self) -> None:
        ids = sorted(self._left.ids, key=_order)
        # Those that were handled elsewhere since, or are gone, are no longer pending and do not come.
        for start in range(0, len(ids), self._terms.depth):
            await self._claim(ids[start : start + self._terms.depth], 0)

    async def _reclaim_lost(self, start: str) -> str | None:
        """Take over what has been pending too long, from an id on; return from where there may be more."""
        lost_after = int(self._terms.lost_after * 1000)
        pending = await self._answering.alone(
            "XPENDING", self._topic, self._terms.group, start, "+", self._terms.depth, parse_detail=True
        )
        lost = [
            each["message_id"]
            for each in pending
            if each["time_since_delivered"] >= lost_after and each["message_id"] not in self._held
        ]
        if lost:
            await self._claim(lost, lost_after)
        if len(pending) < self._terms.depth:
            return None
        moment, sequence = _order(pending[-1]["message_id"])
        return f"{moment}-{sequence + 1}"

    async def _claim(self, ids: list[bytes], idle: int) -> None:
        group = self._terms.group
        claimed = await self._answering.alone("XCLAIM", self._topic, group, group, idle, *ids)
        found = [entry for entry in claimed if entry[0] is not None and entry[1] is not None]
        self._left.ids.difference_update(ids)
        if len(found) < len(claimed):
            await self._forget_removed(set(ids) - {entry[0] for entry in found})
        await self._take(found)

    async def _forget_removed(self, ids: Iterable[bytes]) -> None:
        """Acknowledge pending entries that the stream no longer has; before version 7 they stay for ever."""
        for each in ids:
            if not await self._answering.call("XRANGE", self._topic, each, each):
                await self._answering.call("XACK", self._topic, self._terms.group, each)

    async def _take(self, entries: Iterable[Entry]) -> None:
        new = [entry for entry in entries if entry[0] not in self._held]
        # Held from now on, also those for which there is no room yet: a cut in between leaves them.
        self._held.update(entry[0] for entry in new)
        for entry in new:
            await self._queue.put(entry)

    async def _work(self, deliver: Delivery[Message]) -> None:
        while True:
            entry_id, fields = await self._queue.get()
            async with self._terms.room:
                outcome = await self._outcome(fields, deliver)
            match outcome:
                case Unanswered():
                    # Still pending in the group: the next subscription takes it, or the look-out.
                    self._left.ids.add(entry_id)
                    self._held.discard(entry_id)
                    continue
                case Rejected(reason):
                    logger.warning(
                        'pubsub.redis "%s": message %s to topic "%s" was rejected and is acknowledged: %s',
                        self._terms.component,
                        entry_id.decode(),
                        self._topic,
                        reason,
                    )
            await self._acknowledge(entry_id)

    async def _outcome(self, fields: Mapping[bytes, bytes], deliver: Delivery[Message]) -> Outcome:
        message = Message(
            data=fields.get(b"data", b""),
            topic=self._topic,
            metadata=self._metadata_of(fields.get(b"metadata")),
        )
        if not (self._terms.lost_after > 0 and self._terms.look_every > 0):
            return await deliver(message)
        try:
            async with asyncio.timeout(self._terms.lost_after):
                return await deliver(message)
        except TimeoutError:
            logger.warning(
                'pubsub.redis "%s": nobody answered a message to topic "%s" within processingTimeout, %g s',
                self._terms.component,
                self._topic,
                self._terms.lost_after,
            )
            return Unanswered()

    async def _acknowledge(self, entry_id: bytes) -> None:
        # The acknowledgement goes out even if this is cut now, so it is not left for the next subscription.
        self._held.discard(entry_id)
        try:
            await self._answering.call("XACK", self._topic, self._terms.group, entry_id)
        except (*FAILURES, UnavailableError) as error:
            logger.warning(
                'pubsub.redis "%s": message %s to topic "%s" was handled, not acknowledged, comes again: %s',
                self._terms.component,
                entry_id.decode(),
                self._topic,
                error,
            )

    def _metadata_of(self, text: bytes | None) -> Mapping[str, str]:
        if not text:
            return NO_METADATA
        try:
            found: Any = json.loads(text)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            logger.warning(
                'pubsub.redis "%s": a message to topic "%s" has metadata that is no JSON object; left out',
                self._terms.component,
                self._topic,
            )
            return NO_METADATA
        return {str(key): str(value) for key, value in found.items()}


def _order(entry_id: bytes) -> tuple[int, int]:
    """Return an id such as ``1700000000000-2`` as it sorts."""
    moment, _, sequence = entry_id.partition(b"-")
    return int(moment), int(sequence or 0)
