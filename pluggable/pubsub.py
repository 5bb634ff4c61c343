"""Pub/sub brokers: topics, messages and what became of them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from .component import Capability, Component
from .delivery import Delivery
from .metadata import NO_METADATA


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishRequest:
    """One message to publish; ``data`` is a CloudEvent in JSON unless the publisher asked for raw bytes."""

    topic: str
    data: bytes
    pubsub_name: str = ""
    content_type: str | None = None
    metadata: Mapping[str, str] = NO_METADATA


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """What to subscribe to, with the subscription's metadata."""

    name: str
    metadata: Mapping[str, str] = NO_METADATA


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message from the broker. ``topic`` is the real one, also where the subscription used a wildcard."""

    data: bytes
    topic: str
    metadata: Mapping[str, str] = NO_METADATA
    content_type: str | None = None


class PubSub(Component):
    """A message broker. One object serves one configured component."""

    @abstractmethod
    async def publish(self, request: PublishRequest) -> None:
        """Publish one message; returns when the broker has it."""

    @abstractmethod
    async def subscribe(self, topic: Topic, deliver: Delivery[Message]) -> None:
        """
        Deliver the topic's messages until cancelled.

        Broker trouble is dealt with in here, by reconnecting: a subscription that returns or raises has
        ended for good where the peer is a daprd. On cancellation stop consuming and give back what is
        unanswered.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkEntry:
    """One message of many; ``entry_id`` is unique in its request and names it in the answer."""

    entry_id: str
    data: bytes
    content_type: str = ""
    metadata: Mapping[str, str] = NO_METADATA


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkPublishRequest:
    """Several messages for one topic."""

    topic: str
    entries: Sequence[BulkEntry]
    pubsub_name: str = ""
    metadata: Mapping[str, str] = NO_METADATA


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedEntry:
    """A message that was not published, and why."""

    entry_id: str
    error: str


class BulkPublisher(Capability):
    """Publishes many messages in one go."""

    feature: ClassVar[str] = "BULK_PUBSUB"
    of: ClassVar[type[Component] | None] = PubSub

    @abstractmethod
    async def bulk_publish(self, request: BulkPublishRequest) -> Sequence[FailedEntry]:
        """Publish the messages and return those that failed."""


class Pausable(Capability):
    """Can stop delivering while it still takes answers, as a draining sidecar asks."""

    of: ClassVar[type[Component] | None] = PubSub

    @abstractmethod
    async def pause(self) -> None:
        """Deliver nothing new on any subscription; what is in flight goes on. Idempotent."""

    @abstractmethod
    async def resume(self) -> None:
        """Deliver again."""


class ExpiringMessages(Capability):
    """Drops messages older than ``ttlInSeconds`` says, so that the sidecar need not."""

    feature: ClassVar[str] = "MESSAGE_TTL"
    of: ClassVar[type[Component] | None] = PubSub


class WildcardTopics(Capability):
    """Understands wildcards in the topic of a subscription."""

    feature: ClassVar[str] = "SUBSCRIBE_WILDCARDS"
    of: ClassVar[type[Component] | None] = PubSub


class ImmediateBulk(Capability):
    """Asks the sidecar not to wait for more messages before it hands a bulk subscriber what is there."""

    feature: ClassVar[str] = "BULK_SUBSCRIBE_IMMEDIATE"
    of: ClassVar[type[Component] | None] = PubSub
