"""A broker's message as the event that an application gets, and the route by which it goes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ... import pubsub
from .. import cloudevents
from ..apart import HUGE_BYTES, apart, far_apart
from ..gotext import parse_bool
from ..resources import Rule, Subscription
from .broker import Broker
from .routing import Router, RoutingError

_DATA: Final = frozenset({"data", "data_base64"})

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
        self._rules = tuple(subscription.rules)
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

    def topic(self, message: pubsub.Message) -> str:
        """Return the topic as the application knows it."""
        return message.topic.removeprefix(self._broker.topic_prefix)

    async def read(self, message: pubsub.Message, metadata: Mapping[str, str]) -> Read:
        """
        Read a message; a large one in a thread, and those after it wait.

        Raises:
            UndeliverableError: it is no event.
        """
        topic = self.topic(message)
        try:
            async with self._turn:
                content, path = await self._read(message, topic, metadata)
        except (ValueError, RoutingError) as error:
            reason = f"pubsub {self._broker.name}, topic {topic}: the message is no event to deliver: {error}"
            logger.error("%s", reason)  # noqa: TRY400  the reason says it all
            raise UndeliverableError(reason) from error
        return Read(topic, content, path)

    async def _read(
        self, message: pubsub.Message, topic: str, metadata: Mapping[str, str]
    ) -> tuple[cloudevents.Incoming, str | None]:
        data, name = message.data, self._broker.name
        if len(data) <= HUGE_BYTES:
            content, path = await apart(
                len(data), _read, self._router, data, topic, name, metadata, raw=self.raw
            )
        else:
            event, body, path = await far_apart(
                len(data), read_huge, self._rules, data, topic, name, metadata, raw=self.raw
            )
            content = cloudevents.Incoming(event, data if body is None else body, partial=True)
        self._tell(content.event, path, topic)
        return content, path

    def _tell(self, event: Mapping[str, Any], path: str | None, topic: str) -> None:
        if path is not None:
            return
        number = event.get("id")
        if cloudevents.expired(event):
            logger.warning("dropping expired pub/sub event %s as of %s", number, event.get("expiration"))
        else:
            logger.debug(
                "no matching route for event %s in pubsub %s and topic %s; skipping",
                number,
                self._broker.name,
                topic,
            )


def _read(
    router: Router, data: bytes, topic: str, pubsub_name: str, metadata: Mapping[str, str], *, raw: bool
) -> tuple[cloudevents.Incoming, str | None]:
    content = cloudevents.incoming(data, topic=topic, pubsub=pubsub_name, metadata=metadata, raw=raw)
    return content, None if cloudevents.expired(content.event) else router.path(content.event)


def read_huge(
    rules: Sequence[Rule],
    data: bytes,
    topic: str,
    pubsub_name: str,
    metadata: Mapping[str, str],
    *,
    raw: bool,
) -> tuple[dict[str, Any], bytes | None, str | None]:
    """Return, in another process, what an event says beside its data, its text if that changed, its path."""
    content, path = _read(Router(rules), data, topic, pubsub_name, metadata, raw=raw)
    attributes = {name: each for name, each in content.event.items() if name not in _DATA}
    return attributes, None if content.body is data else content.body, path


def _raw(metadata: Mapping[str, str]) -> bool:
    value = metadata.get("rawPayload", "")
    try:
        return bool(value) and parse_bool(value)
    except ValueError as error:
        raise SubscriptionFaultError(f'metadata rawPayload is "{value}", true or false is wanted') from error
