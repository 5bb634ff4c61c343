"""Consuming from a queue: what the broker sends is handed over and answered, also over a loss."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from aiormq.abc import DeliveredMessage
from aiormq.channel import Channel
from pamqp.commands import Basic

from pluggable.delivery import Outcome, Rejected, Unanswered
from pluggable.errors import UnavailableError

from .connection import PATIENCE_SECONDS, RabbitConnection, leave
from .errors import FAILURES, LostError, loss_told

logger = logging.getLogger(__name__)

#: So many messages are held here where prefetchCount sets no bound.
HELD: Final = 500
#: A message nobody answered, on a stream that lives on, goes back after so many seconds.
PUT_BACK_AFTER: Final = 0.1

Hand = Callable[[DeliveredMessage], Awaitable[Outcome]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How a queue is consumed."""

    title: str
    """What the log calls it."""
    prepare: Callable[[Channel], Awaitable[str]]
    """Declares the queue on a channel and returns its name."""
    tag: Callable[[str], str]
    """Returns the name of a consumer of the queue."""
    prefetch: int
    parallel: bool
    acknowledged_by_broker: bool = False
    requeue_rejected: bool
    pause_seconds: float


class Consumer:
    """Consumes one queue on a channel of its own."""

    def __init__(self, connection: RabbitConnection, terms: Terms) -> None:
        self._connection = connection
        self._terms = terms

    async def deliver_to(self, hand: Hand, ready: Callable[[], None]) -> None:
        """Deliver until cancelled; trouble with the broker is waited out."""
        while True:
            try:
                await self._consume(hand, ready)
            except* (*FAILURES, UnavailableError) as group:
                logger.warning(
                    "%s: trouble with the broker, trying again in %g s: %s",
                    self._terms.title,
                    self._terms.pause_seconds,
                    "; ".join(str(error) or type(error).__name__ for error in group.exceptions),
                )
            await asyncio.sleep(self._terms.pause_seconds)

    async def _consume(self, hand: Hand, ready: Callable[[], None]) -> None:
        channel = await self._connection.channel(confirms=False)
        try:
            arrived: asyncio.Queue[DeliveredMessage] = asyncio.Queue()
            lost = asyncio.Event()
            with loss_told():
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await self._start(channel, arrived, lost)
            ready()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_until_lost(channel, lost))
                while True:
                    message = await arrived.get()
                    if self._terms.parallel:
                        tasks.create_task(self._handle(channel, message, hand))
                    else:
                        await self._handle(channel, message, hand)
        finally:
            await leave(channel)

    async def _start(
        self, channel: Channel, arrived: asyncio.Queue[DeliveredMessage], lost: asyncio.Event
    ) -> None:
        queue = await self._terms.prepare(channel)
        await channel.basic_qos(prefetch_count=self._terms.prefetch or HELD)
        channel.on_consumer_cancel_callbacks.add(lambda _: lost.set())

        async def arrive(message: DeliveredMessage) -> None:
            arrived.put_nowait(message)

        await channel.basic_consume(
            queue,
            arrive,
            no_ack=self._terms.acknowledged_by_broker,
            consumer_tag=self._terms.tag(queue),
        )

    async def _handle(self, channel: Channel, message: DeliveredMessage, hand: Hand) -> None:
        outcome = await hand(message)
        if self._terms.acknowledged_by_broker:
            return
        delivery = message.delivery
        assert isinstance(delivery, Basic.Deliver)
        assert delivery.delivery_tag is not None
        match outcome:
            case Unanswered():
                await asyncio.sleep(PUT_BACK_AFTER)
                await channel.basic_nack(delivery.delivery_tag, requeue=True, wait=False)
            case Rejected(reason):
                logger.warning("%s: a message was rejected: %s", self._terms.title, reason)
                await channel.basic_nack(
                    delivery.delivery_tag, requeue=self._terms.requeue_rejected, wait=False
                )
            case _:
                await channel.basic_ack(delivery.delivery_tag, wait=False)


async def _until_lost(channel: Channel, lost: asyncio.Event) -> None:
    """End with an error when the channel does, or when the broker cancels its consumer."""
    cancelled = asyncio.create_task(lost.wait())
    closing = asyncio.ensure_future(channel.closing)
    try:
        await asyncio.wait({cancelled, closing}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        cancelled.cancel()
    if closing.done() and not closing.cancelled() and isinstance(error := closing.exception(), FAILURES):
        raise error
    raise LostError("the broker ended the subscription; the queue may be gone")
