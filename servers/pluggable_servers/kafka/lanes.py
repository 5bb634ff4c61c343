"""
Records on their way: those of one partition that wait at the same time share a batch.

One batch of a partition is under way at a time, so that order holds even where one has to go out again: a
batch can be more than its topic takes though none of its records is, and is then sent in halves.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final, Self

from aiokafka import AIOKafkaProducer, errors as of
from aiokafka.producer.message_accumulator import BatchBuilder

from .errors import FAILURES
from .records import Outgoing

#: How a topic refuses a batch, be it of one record or of many.
_TOO_LARGE: Final = (of.MessageSizeTooLargeError, of.RecordListTooLargeError)

#: Done when the brokers have a record, with nothing, or have not, with one of ``errors.FAILURES``.
Sent = asyncio.Future[Exception | None]


class Lanes:
    """The lanes of all partitions that something is on its way to."""

    def __init__(self, producer: AIOKafkaProducer, patience: float) -> None:
        self._producer = producer
        self._patience = patience
        self._lanes: dict[tuple[str, int], _Lane] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def put(self, topic: str, partition: int, record: Outgoing) -> Sent:
        """Let a record go out after all that were put before, within the seconds of patience."""
        place = (topic, partition)
        if (lane := self._lanes.get(place)) is not None:
            return lane.put(record)
        lane = _Lane(self._producer, topic, partition, self._patience)
        sent = lane.put(record)
        self._lanes[place] = lane
        task = asyncio.create_task(self._run(place, lane))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return sent

    async def close(self, end: float) -> None:
        """Wait for what is on its way until the loop's time is ``end``; then it has failed."""
        if self._tasks:
            left = max(0.0, end - asyncio.get_running_loop().time())
            _, late = await asyncio.wait(self._tasks, timeout=left)
            for task in late:
                task.cancel()
        for lane in self._lanes.values():
            lane.give_up()

    async def _run(self, place: tuple[str, int], lane: _Lane) -> None:
        try:
            await lane.run()
        finally:
            del self._lanes[place]
            lane.give_up()


class _Lane:
    """What is on its way to one partition."""

    def __init__(self, producer: AIOKafkaProducer, topic: str, partition: int, patience: float) -> None:
        self._producer = producer
        self._topic = topic
        self._partition = partition
        self._patience = patience
        self._batches: deque[_Batch] = deque()
        self._loop = asyncio.get_running_loop()

    def put(self, record: Outgoing) -> Sent:
        sent: Sent = self._loop.create_future()
        # The last may be under way: it takes records until the client writes it to its connection.
        if not self._batches or not self._batches[-1].takes(record, sent):
            batch = _Batch(self._producer.create_batch(), self._loop.time() + self._patience)
            batch.takes(record, sent)
            self._batches.append(batch)
        return sent

    async def run(self) -> None:
        """Send one batch after the other, until none is left."""
        while self._batches:
            await self._deliver(self._batches[0])
            self._batches.popleft()

    def give_up(self) -> None:
        for batch in self._batches:
            batch.settle(of.ProducerClosed())

    async def _deliver(self, batch: _Batch) -> None:
        try:
            await self._send(batch)
        except FAILURES as error:
            if not isinstance(error, _TOO_LARGE) or batch.count == 1:
                batch.settle(error)
                return
        else:
            batch.settle(None)
            return
        for half in batch.halves(self._producer):
            await self._deliver(half)

    async def _send(self, batch: _Batch) -> None:
        if self._loop.time() > batch.until:
            raise of.KafkaTimeoutError(f"{self._patience:g} s were too short for what was published before")
        if self._partition not in await self._producer.partitions_for(self._topic):
            raise of.UnknownTopicOrPartitionError
        await (await self._producer.send_batch(batch.builder, self._topic, partition=self._partition))


class _Batch:
    """Records that go out together, and what is told of each."""

    def __init__(self, builder: BatchBuilder, until: float) -> None:
        self.builder = builder
        self.until = until
        self._records: list[tuple[Outgoing, Sent]] = []

    @property
    def count(self) -> int:
        return len(self._records)

    def takes(self, record: Outgoing, sent: Sent) -> bool:
        """Take a record, if there is room; for the first there always is."""
        headers = list(record.headers)
        taken = self.builder.append(timestamp=None, key=record.key, value=record.value, headers=headers)
        if taken is None:
            return False
        self._records.append((record, sent))
        return True

    def halves(self, producer: AIOKafkaProducer) -> tuple[Self, Self]:
        """Return the same records in two batches, in their order."""
        middle = self.count // 2
        first, second = (type(self)(producer.create_batch(), self.until) for _ in range(2))
        for number, (record, sent) in enumerate(self._records):
            (first if number < middle else second).takes(record, sent)
        return first, second

    def settle(self, error: Exception | None) -> None:
        """Tell of each record what became of it, where somebody still waits."""
        for _, sent in self._records:
            if not sent.done():
                sent.set_result(error)
