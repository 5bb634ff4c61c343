"""A broker's message as the event that an application gets, and the route by which it goes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass

from ... import pubsub
from .. import cloudevents
from ..apart import apart
from ..gotext import parse_bool
from ..resources import Subscription
from .broker import Broker
from .routing import Router, RoutingError

logger: logging.Logger = logging.getLogger(__name__)


class SubscriptionFaultError(Exception):
    """A subscription that can never deliver: a rule or its metadata is faulty."""


class UndeliverableError(Exception):
    """A message that is no event, or that the rules cannot be asked about; the text says which and why."""


@dataclass(frozen=True, slots=True)
class Read:
    """A message that was read. Without a path nobody wants it: its time is over, or no rule holds."""

    topic: str
    content: cloudevents.Incoming
    path: str | None


class Reader:
    """
    Reads the messages of one subscription, one after the other, so that their order stays.

    Raises:
        SubscriptionFaultError: the subscription's rules or metadata are faulty.
    """

    def __init__(self, subscription: Subscription, broker: Broker) -> None:
        self._broker = broker
        self.raw: bool = _raw(subscription.metadata)
        """Whether any bytes are wrapped, as the subscription's ``rawPayload`` asks."""
        self._turn = asyncio.Lock()
        try:
            self._router = Router(subscription.rules)
        except RoutingError as error:
            raise SubscriptionFaultError(str(error)) from error

    def metadata(self, message: pubsub.Message) -> dict[str, str]:
        """Return what the broker says beside the message, as it is told on."""
        metadata = {**message.metadata, "pubsubName": self._broker.name}
        if message.content_type is not None:
            metadata["content-type"] = message.content_type
        return metadata

    async def read(self, message: pubsub.Message, metadata: Mapping[str, str]) -> Read:
        """
        Read a message; a large one in a thread, and those after it wait.

        Raises:
            UndeliverableError: it is no event.
        """
        topic = message.topic.removeprefix(self._broker.topic_prefix)
        try:
            async with self._turn:
                content, path = await apart(len(message.data), self._read, message, topic, metadata)
        except (ValueError, RoutingError) as error:
            reason = f"pubsub {self._broker.name}, topic {topic}: the message is no event to deliver: {error}"
            logger.error("%s", reason)  # noqa: TRY400  the reason says it all
            raise UndeliverableError(reason) from error
        return Read(topic, content, path)

    def _read(
        self, message: pubsub.Message, topic: str, metadata: Mapping[str, str]
    ) -> tuple[cloudevents.Incoming, str | None]:
        content = cloudevents.incoming(
            message.data, topic=topic, pubsub=self._broker.name, metadata=metadata, raw=self.raw
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


def _raw(metadata: Mapping[str, str]) -> bool:
    value = metadata.get("rawPayload", "")
    try:
        return bool(value) and parse_bool(value)
    except ValueError as error:
        raise SubscriptionFaultError(f'metadata rawPayload is "{value}", true or false is wanted') from error
