"""Consuming a queue or subscription: messages are handed over under locks and settled, also over a loss."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from azure.servicebus import ServiceBusReceivedMessage
from azure.servicebus.aio import ServiceBusReceiver

from pluggable.delivery import Accepted, Outcome, Rejected, Unanswered

from .errors import FAILURES
from .namespace import Namespace, opened
from .settings import ServiceBusSettings

logger = logging.getLogger(__name__)

#: So long one call for messages waits, and whoever leaves waits for it; then it asks again.
_WAIT_SECONDS: Final = 1.0
#: So long giving back what is unanswered may take.
_LEAVING_SECONDS: Final = 5.0
#: So many messages at most are asked for in one call.
_AT_ONCE: Final = 200
_GROWTH: Final = 1.5

Hand = Callable[[ServiceBusReceivedMessage], Awaitable[Outcome]]


class Consumer:
    """Consumes one queue, or one subscription of a topic."""

    def __init__(
        self,
        namespace: Namespace,
        settings: ServiceBusSettings,
        *,
        title: str,
        name: str,
        subscription: str | None,
    ) -> None:
        self._namespace = namespace
        self._settings = settings
        self._title = title
        self._entity = name, subscription
        self._room = asyncio.Semaphore(settings.max_active_messages)
        self._handlers = asyncio.Semaphore(settings.max_concurrent_handlers or settings.max_active_messages)
        self._held: set[asyncio.Task[None]] = set()
        self._handling: set[asyncio.Task[None] | None] = set()
        self._leaving = asyncio.Event()
        self._asking: asyncio.Task[list[ServiceBusReceivedMessage]] | None = None
        self._next_failure = 0.0

    async def deliver_to(self, hand: Hand, ready: Callable[[], None]) -> None:
        """Deliver until cancelled; trouble with the broker is waited out."""
        first = pause = float(self._settings.min_connection_recovery_in_sec)
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            try:
                await self._consume(hand, ready)
            except FAILURES as error:
                if loop.time() - began > self._settings.max_connection_recovery_in_sec:
                    pause = first
                logger.warning(
                    "%s: trouble with the broker, trying again in %g s: %s",
                    self._title,
                    pause,
                    str(error) or type(error).__name__,
                )
            await asyncio.sleep(pause)
            pause = min(max(pause, 0.1) * _GROWTH, float(self._settings.max_connection_recovery_in_sec))

    async def _consume(self, hand: Hand, ready: Callable[[], None]) -> None:
        receiver = await self._namespace.receiver(*self._entity)
        self._leaving.clear()
        try:
            await opened(receiver, self._settings.timeout_in_sec)
            ready()
            while True:
                await self._receive(receiver, hand)
        finally:
            await self._leave(receiver)

    async def _receive(self, receiver: ServiceBusReceiver, hand: Hand) -> None:
        await self._room.acquire()
        self._room.release()
        wanted = min(self._settings.max_active_messages - len(self._held), _AT_ONCE)
        messages = await receiver.receive_messages(
            max_message_count=max(wanted, 1), max_wait_time=_WAIT_SECONDS
        )
        for message in messages:
            await self._room.acquire()
            task = asyncio.create_task(self._handle(receiver, message, hand))
            self._held.add(task)
            task.add_done_callback(self._let_go)

    def _let_go(self, task: asyncio.Task[None]) -> None:
        self._held.discard(task)
        self._room.release()

    async def _handle(
        self, receiver: ServiceBusReceiver, message: ServiceBusReceivedMessage, hand: Hand
    ) -> None:
        renewing = asyncio.create_task(self._renew(receiver, message))
        outcome: Outcome = Unanswered()
        task = asyncio.current_task()
        self._handling.add(task)
        try:
            async with self._handlers, asyncio.timeout(self._settings.handler_timeout_in_sec or None):
                outcome = await hand(message)
        except TimeoutError:
            logger.warning(
                "%s: a message was not handled within %d s and goes back",
                self._title,
                self._settings.handler_timeout_in_sec,
            )
        finally:
            renewing.cancel()
            # From here on nobody cancels this: what was begun to be settled is settled.
            self._handling.discard(task)
            await self._settle(receiver, message, outcome)

    async def _settle(
        self, receiver: ServiceBusReceiver, message: ServiceBusReceivedMessage, outcome: Outcome
    ) -> None:
        try:
            if isinstance(outcome, Accepted):
                await receiver.complete_message(message)
                return
            if isinstance(outcome, Rejected):
                logger.warning("%s: a message was rejected: %s", self._title, outcome.reason)
            await self._pace()
            await receiver.abandon_message(message)
        except FAILURES as error:
            logger.warning("%s: a message will come again, as it was not settled: %s", self._title, error)

    async def _pace(self) -> None:
        """Wait so that no more messages a second go back than the settings say."""
        if self._settings.max_retriable_errors_per_sec:
            now = asyncio.get_running_loop().time()
            self._next_failure = max(
                self._next_failure + 1 / self._settings.max_retriable_errors_per_sec, now
            )
            with suppress(TimeoutError):
                async with asyncio.timeout(self._next_failure - now):
                    await self._leaving.wait()

    async def _renew(self, receiver: ServiceBusReceiver, message: ServiceBusReceivedMessage) -> None:
        if self._settings.lock_renewal_in_sec <= 0:
            return
        while True:
            await asyncio.sleep(self._settings.lock_renewal_in_sec)
            try:
                await receiver.renew_message_lock(message)
            except FAILURES as error:
                logger.warning("%s: a message's lock was not renewed: %s", self._title, error)

    async def _leave(self, receiver: ServiceBusReceiver) -> None:
        """Give back what is unanswered, and disconnect; closing releases what came meanwhile."""
        self._leaving.set()
        for task in self._handling:
            if task is not None:
                task.cancel()
        if self._held:
            await asyncio.wait(self._held, timeout=_LEAVING_SECONDS)
        asking, self._asking = self._asking, None
        with suppress(*FAILURES):
            async with asyncio.timeout(_LEAVING_SECONDS):
                for message in await asking if asking is not None else ():
                    await receiver.abandon_message(message)
        with suppress(*FAILURES):
            async with asyncio.timeout(_LEAVING_SECONDS):
                await receiver.close()
