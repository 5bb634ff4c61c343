"""Which topics an application may use, and their names at the broker, by the component's own metadata."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from ... import pubsub
from ..components.catalog import Loaded
from ..config import RuntimeConfig
from ..resources.secretrefs import DEFAULT_NAMESPACE
from .properties import property_of


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicScopes:
    """
    What one application may do with the topics of one component.

    ``scoped`` are the topics granted to this application, ``None`` where it is not named.
    Source: dapr/dapr ``pkg/scopes`` and ``pkg/runtime/pubsub``.
    """

    allowed: frozenset[str] = frozenset()
    protected: frozenset[str] = frozenset()
    scoped: frozenset[str] | None = None

    @classmethod
    def of(cls, properties: Mapping[str, str], app_id: str, kind: str) -> Self:
        """Read the scopes; ``kind`` is ``publishingScopes`` or ``subscriptionScopes``."""
        return cls(
            allowed=_topics(property_of(properties, "allowedTopics")),
            protected=_topics(property_of(properties, "protectedTopics")),
            scoped=_granted(property_of(properties, kind), app_id),
        )

    def allows(self, topic: str) -> bool:
        """Whether the application may use the topic."""
        if self.allowed and topic not in self.allowed:
            return False
        if self.scoped is None:
            return topic not in self.protected
        return topic in self.scoped


def topic_prefix(loaded: Loaded[pubsub.PubSub], config: RuntimeConfig) -> str:
    """Return what stands before every topic at the broker: the namespace, where its metadata names that."""
    templated = any("{namespace}" in (item.value or "") for item in loaded.spec.metadata)
    return (config.namespace or DEFAULT_NAMESPACE) if templated else ""


def _topics(text: str) -> frozenset[str]:
    return frozenset(topic for part in text.split(",") if (topic := part.strip()))


def _granted(text: str, app_id: str) -> frozenset[str] | None:
    """Read ``app1=topic1,topic2;app2=``; an application that is named with no topics may use none."""
    for part in text.split(";"):
        app, named, topics = part.partition("=")
        if named and app.strip() == app_id:
            return _topics(topics)
    return None
