"""
The outbox, its first half: a transaction is announced on an internal topic before it is committed.

A store names a broker and a topic. Each value of a transaction is sent on the internal topic first, beside it
a marker is stored in the same transaction, and who reads the internal topic publishes what has its marker
(``subscriptions/outbox.py``). So a sidecar may end at any point: what was not stored has no marker, and what
was is still with the broker. Source: dapr/dapr ``pkg/runtime/pubsub/outbox.go``; topics and markers are its.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ... import state
from ..._settings import parse_bool
from ...metadata import NO_METADATA
from ..apart import apart
from ..components.catalog import Loaded
from ..config import RuntimeConfig
from ..errors import OutboxError, PublishingError
from .announcing import PREFIX, Operation, Sender, prepared
from .properties import property_of
from .publish import Publishing, Target, Trace

#: How many markers of refused transactions are remembered: their events are still on their way here.
VOID_MARKERS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxSettings:
    """Where a store's values are published."""

    pubsub: str
    topic: str
    internal_pubsub: str
    """The broker of the internal topic, which has to keep what was not acknowledged."""
    discard_when_missing: bool = False
    """Drop what was announced and never stored, where it would else come again and again."""

    def internal_topic(self, config: RuntimeConfig) -> str:
        """Return the topic between a transaction and its publication."""
        return f"{config.namespace}{config.app_id}{self.topic}outbox"


def outbox_settings(properties: Mapping[str, str]) -> OutboxSettings | None:
    """Return a store's outbox; ``None`` unless both a broker and a topic are named."""
    pubsub = property_of(properties, "outboxPublishPubsub")
    topic = property_of(properties, "outboxPublishTopic")
    if not pubsub or not topic:
        return None
    return OutboxSettings(
        pubsub=pubsub,
        topic=topic,
        internal_pubsub=property_of(properties, "outboxPubsub") or pubsub,
        discard_when_missing=parse_bool(property_of(properties, "outboxDiscardWhenMissingState")),
    )


class Outbox:
    """The outboxes of the stores, and which of the events announced lately are void."""

    def __init__(self, publishing: Publishing, config: RuntimeConfig) -> None:
        self._publishing = publishing
        self._config = config
        self._void: dict[str, None] = {}

    def of(self, store: Loaded[state.StateStore]) -> Announcing | None:
        """Return a store's outbox, ``None`` if it has none."""
        settings = outbox_settings(store.properties)
        return None if settings is None else Announcing(self, settings, self._publishing, self._config)

    def withdraw(self, marker: str) -> None:
        """Note that a marker will never be there; the oldest of very many are forgotten."""
        if len(self._void) >= VOID_MARKERS:
            del self._void[next(iter(self._void))]
        self._void[marker] = None

    def is_void(self, marker: str) -> bool:
        """Whether the store refused the transaction that was to leave this marker."""
        return marker in self._void


class Announcing:
    """The outbox of one store, as its transactions see it."""

    def __init__(
        self, outbox: Outbox, settings: OutboxSettings, publishing: Publishing, config: RuntimeConfig
    ) -> None:
        self._outbox = outbox
        self._settings = settings
        self._topic = settings.internal_topic(config)
        self._publishing = publishing
        self._app_id = config.app_id

    async def announce(
        self, operations: Sequence[Operation], trace: Trace, *, as_json: bool
    ) -> Sequence[Operation]:
        """
        Send an event for each value, and return the transaction to commit: with markers, without projections.

        Raises:
            OutboxError: the broker did not take one; the transaction must not be committed.
        """
        pubsub = self._settings.internal_pubsub
        sender = Sender(app_id=self._app_id, pubsub=pubsub, trace=trace)
        size = sum(len(each.value) for each in operations if isinstance(each, state.SetRequest))
        ready = await apart(size, prepared, operations, sender, as_json=as_json)
        for event in ready.events:
            try:
                await publish_event(self._publishing, pubsub, self._topic, event)
            except PublishingError as error:
                raise OutboxError(pubsub, self._app_id, error) from error
        return ready.operations

    def withdraw(self, operations: Sequence[Operation]) -> None:
        """Take back what was announced for a transaction that the store refused as a whole."""
        for operation in operations:
            if operation.key.startswith(PREFIX):
                self._outbox.withdraw(operation.key)


async def publish_event(publishing: Publishing, pubsub: str, topic: str, event: bytes) -> None:
    """
    Publish an event that has its envelope.

    Raises:
        PublishingError: there is no such broker, the topic is not the application's, or the broker refuses.
    """
    target = publishing.target(pubsub, topic)
    await Target(target.broker, topic, NO_METADATA, target.traffic, raw=True).publish(event, "", Trace())
