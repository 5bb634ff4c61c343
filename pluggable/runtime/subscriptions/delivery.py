"""
A message of a broker on its way to the application, and what becomes of it.

Source: dapr/dapr ``pkg/runtime/subscription/subscription.go`` and its ``postman/http``.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass

from ... import pubsub
from ...delivery import Accepted, Delivery, Outcome, Rejected, Unanswered
from ...errors import ComponentError
from .. import cloudevents
from ..apart import apart
from ..appchannel import Answer, AppChannel, AppError, TopicEvent, Verdict
from ..blocks.scopes import TopicScopes, topic_prefix
from ..catalog import Loaded
from ..config import RuntimeConfig
from ..gotext import parse_bool
from ..resources import Subscription
from .intake import Intake
from .routing import Router, RoutingError

#: How many messages of one subscription are with the application at a time; the rest waits in the component.
DELIVERIES_AT_ONCE = 256
DEAD_LETTER_SECONDS = 30.0

ACCEPTED = Accepted()
UNANSWERED = Unanswered()

logger: logging.Logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Broker:
    """What a subscription needs to know of its pub/sub component."""

    name: str
    component: pubsub.PubSub
    topic_prefix: str
    """Before every topic on the broker."""
    subscribing: TopicScopes
    publishing: TopicScopes

    @classmethod
    def of(cls, loaded: Loaded[pubsub.PubSub], config: RuntimeConfig) -> Broker:
        """Read the component's metadata as the sidecar of this application understands it."""
        return cls(
            name=loaded.spec.name,
            component=loaded.component,
            topic_prefix=topic_prefix(loaded, config),
            subscribing=TopicScopes.of(loaded.properties, config.app_id, "subscriptionScopes"),
            publishing=TopicScopes.of(loaded.properties, config.app_id, "publishingScopes"),
        )


class SubscriptionFaultError(Exception):
    """A subscription that can never deliver: a rule or its metadata is faulty."""


class MessageDelivery(Delivery[pubsub.Message]):
    """
    Takes one subscription's messages: reads, routes and hands them over, and says what the broker shall do.

    What failed goes to the dead letter topic where there is one, and counts as handled once it is there.
    While the sidecar stops, a failure is no answer at all, so that the message comes again.

    Raises:
        SubscriptionFaultError: the subscription's rules or metadata are faulty.
    """

    def __init__(self, subscription: Subscription, broker: Broker, channel: AppChannel) -> None:
        self.intake: Intake = Intake()
        self._subscription = subscription
        self._broker = broker
        self._channel = channel
        self._raw = _raw(subscription.metadata)
        self._dead_letters = subscription.dead_letter_topic
        self._room = asyncio.Semaphore(DELIVERIES_AT_ONCE)
        try:
            self._router = Router(subscription.rules)
        except RoutingError as error:
            raise SubscriptionFaultError(str(error)) from error

    def ready(self) -> None:
        self.intake.ready.set()

    async def __call__(self, message: pubsub.Message) -> Outcome:
        with self.intake.handling():
            async with self._room:
                return UNANSWERED if self.intake.sealed else await self._handle(message)

    async def _handle(self, message: pubsub.Message) -> Outcome:
        metadata = {**message.metadata, "pubsubName": self._broker.name}
        if message.content_type is not None:
            metadata["content-type"] = message.content_type
        topic = message.topic.removeprefix(self._broker.topic_prefix)
        try:
            content, path = await apart(len(message.data), self._read, message, topic, metadata)
        except (ValueError, RoutingError) as error:
            reason = f"pubsub {self._broker.name}, topic {topic}: the message is no event to deliver: {error}"
            logger.error("%s", reason)  # noqa: TRY400  the reason says it all
            return await self._failed(message, metadata, reason)
        if path is None:
            if self._dead_letters:
                await self._dead_lettered(message, metadata)
            return ACCEPTED
        event = TopicEvent(pubsub=self._broker.name, topic=topic, content=content, metadata=metadata)
        try:
            answer = await self._channel.deliver(path, event)
        except AppError as error:
            answer = Answer(Verdict.RETRY, str(error))
        if answer.verdict is Verdict.SUCCESS:
            return ACCEPTED
        return await self._unhandled(message, event, answer)

    def _read(
        self, message: pubsub.Message, topic: str, metadata: Mapping[str, str]
    ) -> tuple[cloudevents.Incoming, str | None]:
        """Return the event and where it goes; nowhere if its time is over or no rule wants it."""
        content = cloudevents.incoming(
            message.data, topic=topic, pubsub=self._broker.name, metadata=metadata, raw=self._raw
        )
        event = content.event
        if cloudevents.expired(event):
            logger.warning(
                "dropping expired pub/sub event %s as of %s", event.get("id"), event.get("expiration")
            )
            return content, None
        path = self._router.path(event)
        if path is None:
            logger.debug(
                "no matching route for event %s in pubsub %s and topic %s; skipping",
                event.get("id"),
                self._broker.name,
                topic,
            )
        return content, path

    async def _unhandled(self, message: pubsub.Message, event: TopicEvent, answer: Answer) -> Outcome:
        """Deal with a message that the application did not handle."""
        what = f"pub/sub event {event.content.event.get('id')} of topic {event.topic}"
        if answer.verdict is Verdict.RETRY:
            if self.intake.sealed:
                return UNANSWERED
            logger.warning("retriable error from app while processing %s: %s", what, answer.reason)
            return await self._failed(message, event.metadata, answer.reason)
        logger.warning("%s was dropped by the application: %s", what, answer.reason)
        if self._dead_letters and not await self._dead_lettered(message, event.metadata):
            return Rejected(f"dropped, and not taken by the dead letter topic {self._dead_letters}")
        return ACCEPTED

    async def _failed(self, message: pubsub.Message, metadata: Mapping[str, str], reason: str) -> Outcome:
        if self._dead_letters and await self._dead_lettered(message, metadata):
            return ACCEPTED
        return Rejected(reason)

    async def _dead_lettered(self, message: pubsub.Message, metadata: Mapping[str, str]) -> bool:
        """Publish the message as it came to the dead letter topic, and return whether the broker has it."""
        broker, topic = self._broker, self._dead_letters
        if not broker.publishing.allows(topic):
            logger.error(
                "a message of topic %s is not dead-lettered: publishingScopes of pubsub %s "
                "keep this application from topic %s",
                message.topic,
                broker.name,
                topic,
            )
            return False
        request = pubsub.PublishRequest(
            topic=broker.topic_prefix + topic,
            data=message.data,
            pubsub_name=broker.name,
            content_type=message.content_type,
            metadata=metadata,
        )
        try:
            async with asyncio.timeout(DEAD_LETTER_SECONDS):
                await broker.component.publish(request)
        except (ComponentError, TimeoutError) as error:
            reason = str(error) or f"no answer within {DEAD_LETTER_SECONDS:g} s"
            logger.error(  # noqa: TRY400  the reason says it all
                "error sending message to dead letter, origin topic: %s dead letter topic %s err: %s",
                message.topic,
                topic,
                reason,
            )
            return False
        return True


def _raw(metadata: Mapping[str, str]) -> bool:
    value = metadata.get("rawPayload", "")
    try:
        return bool(value) and parse_bool(value)
    except ValueError as error:
        raise SubscriptionFaultError(f'metadata rawPayload is "{value}", true or false is wanted') from error
