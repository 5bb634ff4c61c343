"""
How many messages go to brokers and come from them, counted under Dapr's own names.

Source: dapr/dapr ``pkg/diagnostics/component_monitoring.go``. Where daprd counts a bulk's messages for a
component called ``pubsubName``, here they are counted for theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Final

from .telemetry import Counter, Counters, Telemetry

#: How many series one name may have: an application that makes up topics must not fill the memory. What comes
#: beyond is counted for no topic.
MOST_SERIES: Final = 10_000


class Handled(Enum):
    """What became of a message, by both of daprd's labels for that."""

    SUCCESS = ("success", "success")
    RETRY = ("retry", "retry")
    DROPPED = ("drop", "drop")
    UNWANTED = ("drop", "success")
    """No rule wanted it, or its time was over."""


class MessageTraffic:
    """The counters of messages; ``namespace`` is a label of all of them, empty where none is set."""

    def __init__(self, telemetry: Telemetry, namespace: str) -> None:
        def series(name: str, told: str, *labels: str) -> _Series:
            family = telemetry.counters(f"dapr_component_pubsub_{name}", told)
            return _Series(family, namespace, ("component", "topic", *labels))

        self._out = series("egress_count", "Number of messages that were published.", "success")
        self._bulks_out = series("egress_bulk_count", "Number of bulks that were published.", "success")
        self._in_bulks_out = series(
            "egress_bulk_event_count", "Number of messages in bulks that were published.", "success"
        )
        self._in = series(
            "ingress_count", "Number of messages that came from brokers.", "process_status", "status"
        )
        self._bulks_in = series("ingress_bulk_count", "Number of bulks that were handed over.")
        self._in_bulks_in = series(
            "ingress_bulk_event_count", "Number of messages in bulks that were handed over.", "process_status"
        )

    def published(self, component: str, topic: str, *, success: bool) -> None:
        """Count a message that was published, or that the broker did not take."""
        self._out.add(component, topic, "true" if success else "false")

    def published_together(self, component: str, topic: str, *, success: bool, messages: int) -> None:
        """Count a bulk, and as many of its messages as the broker took; it succeeded if that is all."""
        self._bulks_out.add(component, topic, "true" if success else "false")
        if messages:
            self._in_bulks_out.add(component, topic, "true", amount=messages)

    def handled(self, component: str, topic: str, how: Handled) -> None:
        """Count a message that came, now that it is known what became of it."""
        self._in.add(component, topic, *how.value)

    def handed_together(self, component: str, topic: str) -> None:
        """Count messages that were handed over together, as one."""
        self._bulks_in.add(component, topic)

    def handled_together(self, component: str, topic: str, how: Handled) -> None:
        """Count one of the messages that were handed over together."""
        self._in_bulks_in.add(component, topic, how.value[0])


class _Series:
    """The counters of one name, found by the values of their labels: component and topic come first."""

    def __init__(self, family: Counters, namespace: str, labels: Sequence[str]) -> None:
        self._family = family
        self._namespace = namespace
        self._labels = labels
        self._bound: dict[tuple[str, ...], Counter] = {}

    def add(self, *values: str, amount: int = 1) -> None:
        counter = self._bound.get(values)
        if counter is None:
            if len(self._bound) >= MOST_SERIES:
                values = (values[0], "", *values[2:])
            labels = dict(zip(self._labels, values, strict=True))
            counter = self._family.of(namespace=self._namespace, **labels)
            if len(self._bound) < MOST_SERIES:
                self._bound[values] = counter
        counter.add(amount)
