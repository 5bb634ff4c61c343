"""
A message of a broker on its way to the application, and what becomes of it.

Source: dapr/dapr ``pkg/runtime/subscription/subscription.go`` and its ``postman/http``.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Protocol

from ... import pubsub
from ...delivery import Accepted, Delivery, Outcome, Rejected, Unanswered
from ..appchannel import Answer, AppError, TopicEvent, Verdict
from ..traffic import Handled
from .broker import DeadLetters
from .intake import Intake
from .reading import Reader, UndeliverableError

#: What is told of each message once it is known what became of it: the component, the topic, and that.
Count = Callable[[str, str, Handled], None]

#: How many messages of one subscription are with the application at a time; the rest waits in the component.
DELIVERIES_AT_ONCE = 256

ACCEPTED = Accepted()
UNANSWERED = Unanswered()

logger: logging.Logger = logging.getLogger(__name__)


class ReceiverGoneError(Exception):
    """Who received the messages has left without an answer: they are for the next one."""


class Receiver(Protocol):
    """Who gets the messages of a subscription: the application, or a stream that it has opened."""

    async def deliver(self, path: str, event: TopicEvent) -> Answer:
        """
        Hand over a message and return what is said of it.

        Raises:
            AppError: nothing was said.
            ReceiverGoneError: there is nobody any more.
        """


class MessageDelivery(Delivery[pubsub.Message]):
    """
    Takes one subscription's messages: reads, routes and hands them over, and says what the broker shall do.

    What failed goes to the dead letter topic where there is one, and counts as handled once it is there.
    While the sidecar stops, a failure is no answer at all, so that the message comes again.
    """

    def __init__(
        self,
        intake: Intake,
        reader: Reader,
        dead_letters: DeadLetters,
        receiver: Receiver,
        pubsub: str,
        count: Count,
    ) -> None:
        self.intake = intake
        self._reader = reader
        self._dead_letters = dead_letters
        self._receiver = receiver
        self._pubsub = pubsub
        self._count = count
        self._room = asyncio.Semaphore(DELIVERIES_AT_ONCE)

    def ready(self) -> None:
        self.intake.ready.set()

    async def __call__(self, message: pubsub.Message) -> Outcome:
        with self.intake.handling():
            async with self._room:
                return UNANSWERED if self.intake.sealed else await self._handle(message)

    async def _handle(self, message: pubsub.Message) -> Outcome:
        metadata = self._reader.metadata(message)
        try:
            read = await self._reader.read(message, metadata)
        except UndeliverableError as error:
            return await self._failed(message, metadata, str(error))
        if read.path is None:
            self._count(self._pubsub, read.topic, Handled.UNWANTED)
            await self._dead_letters.take(message, metadata)
            return ACCEPTED
        event = TopicEvent(pubsub=self._pubsub, topic=read.topic, content=read.content, metadata=metadata)
        try:
            answer = await self._receiver.deliver(read.path, event)
        except AppError as error:
            answer = Answer(Verdict.RETRY, str(error))
        except ReceiverGoneError:
            return UNANSWERED
        if answer.verdict is Verdict.SUCCESS:
            self._count(self._pubsub, read.topic, Handled.SUCCESS)
            return ACCEPTED
        if answer.verdict is Verdict.RETRY and self.intake.sealed:
            return UNANSWERED
        return await self._unhandled(message, event, answer)

    async def _unhandled(self, message: pubsub.Message, event: TopicEvent, answer: Answer) -> Outcome:
        """Deal with a message that the application did not handle."""
        what = f"pub/sub event {event.content.event.get('id')} of topic {event.topic}"
        if answer.verdict is Verdict.RETRY:
            logger.warning("retriable error from app while processing %s: %s", what, answer.reason)
            return await self._failed(message, event.metadata, answer.reason)
        logger.warning("%s was dropped by the application: %s", what, answer.reason)
        self._count(self._pubsub, event.topic, Handled.DROPPED)
        if self._dead_letters and not await self._dead_letters.take(message, event.metadata):
            return Rejected(f"dropped, and not taken by the dead letter topic {self._dead_letters.topic}")
        return ACCEPTED

    async def _failed(self, message: pubsub.Message, metadata: Mapping[str, str], reason: str) -> Outcome:
        """Give a message to the dead letter topic, or else back to the broker."""
        taken = await self._dead_letters.take(message, metadata)
        self._count(self._pubsub, self._reader.topic(message), Handled.DROPPED if taken else Handled.RETRY)
        return ACCEPTED if taken else Rejected(reason)
