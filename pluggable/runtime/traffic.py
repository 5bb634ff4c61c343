"""Messages counted: those published by whether the broker took them, those delivered by what came of them."""

from __future__ import annotations

from typing import Final

from .appchannel import Verdict
from .telemetry import Counter, Counters, Telemetry

#: Series beyond which topics are counted together: a metric is no list of topics.
MOST_SERIES: Final = 1000
#: What a verdict is called, as how it was dealt with and as what the application said.
#: Source: dapr/dapr ``pkg/runtime/subscription/postman/http``.
_WORDS: Final = {
    Verdict.SUCCESS: ("success", "success"),
    Verdict.RETRY: ("retry", "retry"),
    Verdict.DROP: ("drop", "success"),
}


class Traffic:
    """The messages of one sidecar, by broker and topic."""

    def __init__(self, telemetry: Telemetry, namespace: str) -> None:
        self._namespace = namespace
        self._egress = telemetry.counters(
            "dapr_component_pubsub_egress_count", "Number of messages that were published."
        )
        self._bulk_egress = telemetry.counters(
            "dapr_component_pubsub_egress_bulk_count", "Number of bulk publishes."
        )
        self._ingress = telemetry.counters(
            "dapr_component_pubsub_ingress_count", "Number of messages that the application has dealt with."
        )
        self._published: dict[tuple[str, str, bool, bool], Counter] = {}
        self._delivered: dict[tuple[str, str, Verdict], Counter] = {}

    def published(self, pubsub: str, topic: str, *, success: bool, bulk: bool = False) -> None:
        """Count a message, or a bulk of them, that a broker took or refused."""
        counter = self._published.get((pubsub, topic, success, bulk))
        if counter is None:
            if len(self._published) >= MOST_SERIES:
                topic = ""
            counter = self._published[pubsub, topic, success, bulk] = self._of(
                self._bulk_egress if bulk else self._egress,
                pubsub,
                topic,
                success=str(success).lower(),
            )
        counter.add()

    def delivered(self, pubsub: str, topic: str, verdict: Verdict) -> None:
        """Count a message of which the application has said what becomes of it."""
        counter = self._delivered.get((pubsub, topic, verdict))
        if counter is None:
            if len(self._delivered) >= MOST_SERIES:
                topic = ""
            process, status = _WORDS[verdict]
            counter = self._delivered[pubsub, topic, verdict] = self._of(
                self._ingress, pubsub, topic, process_status=process, status=status
            )
        counter.add()

    def _of(self, counters: Counters, pubsub: str, topic: str, **labels: str) -> Counter:
        return counters.of(component=pubsub, namespace=self._namespace, topic=topic, **labels)
