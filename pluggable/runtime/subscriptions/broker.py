"""What a subscription knows of its pub/sub component, and the way to its dead letter topic."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass

from ... import pubsub
from ...errors import ComponentError
from ..blocks.scopes import TopicScopes, topic_prefix
from ..components.catalog import Loaded
from ..config import RuntimeConfig

DEAD_LETTER_SECONDS = 30.0

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


class DeadLetters:
    """Where the messages of one subscription go that the application did not handle, if it names a topic."""

    def __init__(self, broker: Broker, topic: str) -> None:
        self.topic = topic
        self._broker = broker

    def __bool__(self) -> bool:
        """Whether there is such a topic."""
        return bool(self.topic)

    async def take(self, message: pubsub.Message, metadata: Mapping[str, str]) -> bool:
        """Publish the message as it came, and return whether the broker has it; never without a topic."""
        broker, topic = self._broker, self.topic
        if not topic:
            return False
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
