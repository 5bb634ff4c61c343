"""
The partitions that the group has given this member: a worker each, and how far each has come.

Facts: components-contrib ``common/component/kafka/consumer.go``: a partition's records are handled one after
the other, and marked when handled; marks are committed every second.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener

from .errors import FAILURES

logger = logging.getLogger(__name__)

#: How often what is marked is committed, in seconds.
COMMIT_SECONDS: Final = 1.0
#: So long a wait for records lasts before the client is asked whether it still works, in milliseconds.
_WAIT: Final = 1000
#: So many records of a partition are taken at once.
_TAKEN: Final = 500
#: No partition at all, in a form the client takes.
_NONE: Final = TopicPartition("", -1)

#: Handles one record and says whether it is done with; it waits and repeats as it sees fit.
Handle = Callable[[Any], Awaitable[bool]]


class Claims(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka is untyped
    """What one member of a group holds from one rebalance to the next."""

    def __init__(
        self, consumer: AIOKafkaConsumer, handle: Handle, ready: Callable[[], None], grace: float
    ) -> None:
        self._consumer = consumer
        self._handle = handle
        self._ready = ready
        self._grace = grace
        self._workers: dict[TopicPartition, asyncio.Task[None]] = {}
        self._marks: dict[TopicPartition, int] = {}
        self._placing: set[TopicPartition] = set()
        self._busy: set[TopicPartition] = set()
        self._idle = asyncio.Event()
        self._leaving = False
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def run(self) -> None:
        """
        Commit what is marked, until cancelled.

        Raises:
            Exception: one of ``errors.FAILURES``, that the client does not recover from by itself.
        """
        while not self._failed.done():
            await asyncio.wait({self._failed}, timeout=COMMIT_SECONDS)
            await self._commit()
            # Of no partition: no record is taken, and the client says so if its membership has failed.
            await self._consumer.getmany(_NONE)
        self._failed.result()

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        self._leaving = False
        self._placing = set(assigned)
        for partition in assigned:
            worker = asyncio.create_task(self._work(partition))
            worker.add_done_callback(self._see_failure)
            self._workers[partition] = worker
        if not assigned:
            self._ready()

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        """Let the records in hand be finished for a while, then give up and commit."""
        self._leaving = True
        await self._finish(self._grace)
        await self._commit()
        self._marks.clear()

    async def leave(self) -> None:
        """Give up what is in hand and commit the rest."""
        self._leaving = True
        await self._finish(0)
        await self._commit()

    async def _finish(self, grace: float) -> None:
        workers = list(self._workers.values())
        self._workers.clear()
        if self._busy and grace:
            self._idle.clear()
            waiting = asyncio.create_task(self._idle.wait())
            await asyncio.wait({waiting}, timeout=grace)
            waiting.cancel()
        for worker in workers:
            worker.cancel()
        if workers:
            await asyncio.wait(workers)

    async def _work(self, partition: TopicPartition) -> None:
        await self._place(partition)
        while not self._leaving:
            found = await self._consumer.getmany(partition, timeout_ms=_WAIT, max_records=_TAKEN)
            for record in found.get(partition, ()):
                if self._leaving:
                    return
                await self._hand_over(partition, record)

    async def _hand_over(self, partition: TopicPartition, record: Any) -> None:
        self._busy.add(partition)
        try:
            if await self._handle(record):
                self._marks[partition] = record.offset + 1
        finally:
            self._busy.discard(partition)
            if not self._busy:
                self._idle.set()

    async def _place(self, partition: TopicPartition) -> None:
        """
        Commit where the group begins, if it has read nothing here yet.

        Else what is published before the first message is handled would be passed over by the next member.
        """
        position = await self._consumer.position(partition)
        if await self._consumer.committed(partition) is None:
            await self._consumer.commit({partition: position})
        self._placing.discard(partition)
        if not self._placing:
            self._ready()

    async def _commit(self) -> None:
        marks, self._marks = self._marks, {}
        if not marks:
            return
        try:
            await self._consumer.commit(marks)
        except FAILURES as error:
            # Later marks cover these; those of partitions that are gone are another member's matter.
            self._marks = {**marks, **self._marks}
            logger.warning("kafka: handled messages are not committed yet: %s", error)
        except BaseException:
            self._marks = {**marks, **self._marks}
            raise

    def _see_failure(self, worker: asyncio.Task[None]) -> None:
        if worker.cancelled() or worker.exception() is None or self._failed.done():
            return
        error = worker.exception()
        assert error is not None
        self._failed.set_exception(error)
