"""One subscription: a member of the consumer group that hands over what its partitions bring."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from aiokafka import AIOKafkaConsumer
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor

from pluggable.delivery import Accepted, Outcome, Rejected

from .claims import Claims
from .connection import client_options
from .errors import FAILURES, error_of
from .retries import RetrySettings

logger = logging.getLogger(__name__)

#: The longest pause after trouble with the brokers, and after a message that nobody answered, in seconds.
LONGEST_PAUSE: Final = 10.0
#: So long the group waits at a rebalance for members that still have a message in hand, in milliseconds.
_REBALANCE: Final = 60_000
#: A message may be handled for as long as it takes: the client must not leave the group over it.
_FOR_EVER: Final = 2**31 - 1
_OFFSETS: Final = {"newest": "latest", "oldest": "earliest"}
_STRATEGIES: Final[dict[str, Any]] = {
    "range": RangePartitionAssignor,
    "roundrobin": RoundRobinPartitionAssignor,
    "sticky": StickyPartitionAssignor,
}

#: Hands over one record and returns what became of it.
HandOver = Callable[[Any], Awaitable[Outcome]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How all subscriptions of a component work."""

    component: str
    """Its type and name, as messages begin."""
    settings: RetrySettings
    address: str
    known: Callable[[str], Awaitable[object]]
    """Waits until the brokers know a topic, which makes it where they make topics by themselves."""
    repeats: bool
    """Whether a message that was rejected is handled again."""
    flowing: asyncio.Event = field(default_factory=asyncio.Event)
    """Whether anything new is handed over."""


class Subscription:
    """Delivers the records of some topics."""

    def __init__(self, topics: Sequence[str], terms: Terms, hand_over: HandOver) -> None:
        self._topics = topics
        self._terms = terms
        self._hand_over = hand_over

    async def run(self, ready: Callable[[], None]) -> None:
        """Deliver until cancelled; trouble with the brokers is waited out."""
        first = max(0.001, self._terms.settings.consume_retry_interval.total_seconds())
        pause = first
        while True:
            began = asyncio.get_running_loop().time()
            try:
                await self._consume(ready)
            except FAILURES as error:
                if asyncio.get_running_loop().time() - began > LONGEST_PAUSE:
                    pause = first
                logger.warning(
                    '%s: trouble with topic "%s", trying again in %.1f s: %s',
                    self._terms.component,
                    ",".join(self._topics),
                    pause,
                    error_of(error, self._terms.address),
                )
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _consume(self, ready: Callable[[], None]) -> None:
        for topic in self._topics:
            # A group that shares out a topic before it is known hears of its partitions minutes later.
            await self._terms.known(topic)
        consumer = AIOKafkaConsumer(**await self._options())
        grace = self._terms.settings.session_timeout.total_seconds() / 2
        claims = Claims(consumer, self._handle, ready, grace)
        try:
            await consumer.start()
            consumer.subscribe(self._topics, listener=claims)
            await claims.run()
        finally:
            try:
                await claims.leave()
            finally:
                await consumer.stop()

    async def _options(self) -> dict[str, Any]:
        settings = self._terms.settings
        return {
            **await client_options(settings),
            "group_id": settings.group,
            "enable_auto_commit": False,
            "auto_offset_reset": _OFFSETS[settings.initial_offset],
            "heartbeat_interval_ms": int(settings.heartbeat_interval.total_seconds() * 1000),
            "session_timeout_ms": int(settings.session_timeout.total_seconds() * 1000),
            "rebalance_timeout_ms": _REBALANCE,
            "max_poll_interval_ms": _FOR_EVER,
            "fetch_min_bytes": settings.consumer_fetch_min,
            "max_partition_fetch_bytes": settings.consumer_fetch_default,
            "partition_assignment_strategy": (_STRATEGIES[settings.consumer_group_rebalance_strategy],),
        }

    async def _handle(self, record: Any) -> bool:
        """Hand a record over until it is handled, or repeating it has come to an end."""
        pauses = self._terms.settings.pauses()
        unanswered = self._terms.settings.consume_retry_interval.total_seconds()
        while True:
            await self._terms.flowing.wait()
            match await self._hand_over(record):
                case Accepted():
                    return True
                case Rejected(reason):
                    pause = next(pauses, None) if self._terms.repeats else None
                    self._tell_of_rejection(record, reason, pause)
                    if pause is None:
                        return False
                    await asyncio.sleep(pause)
                case _:
                    # Nobody answered: the partition waits, so that nothing overtakes it.
                    await asyncio.sleep(unanswered)
                    unanswered = min(2 * unanswered, LONGEST_PAUSE)

    def _tell_of_rejection(self, record: Any, reason: str, pause: float | None) -> None:
        logger.warning(
            "%s: message %s/%d/%d was rejected and %s: %s",
            self._terms.component,
            record.topic,
            record.partition,
            record.offset,
            "is left" if pause is None else f"comes again in {pause:.1f} s",
            reason,
        )
