"""The metrics, and what they are called."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from opentelemetry.metrics import CallbackOptions, Histogram, Meter, Observation, UpDownCounter

#: The type of a component, as in YAML: ``state.redis``.
TYPE: Final = "dapr.component.type"
#: Its name in YAML; the conventions have no word for either.
NAME: Final = "dapr.component.name"

#: The conventions' bounds begin at 5 ms, by which a component in memory is done long since.
_SECONDS: Final = (
    0.0001,
    0.00025,
    0.0005,
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1,
    2.5,
    5,
    10,
)


class Instruments:
    """What is counted and measured, on one meter."""

    def __init__(self, meter: Meter) -> None:
        self.calls: Histogram = meter.create_histogram(
            "rpc.server.call.duration",
            "s",
            "How long calls took, by method and status; of a stream, how long it was open.",
            explicit_bucket_boundaries_advisory=_SECONDS,
        )
        self.streams: UpDownCounter = meter.create_up_down_counter(
            "pluggable.streams", "{stream}", "Streams that are open."
        )
        self.in_flight: UpDownCounter = meter.create_up_down_counter(
            "pluggable.messages.in_flight", "{message}", "Messages and events that wait for an answer."
        )
        self.deliveries: Histogram = meter.create_histogram(
            "pluggable.message.duration",
            "s",
            "From handing over a message or event to its outcome: accepted, rejected or unanswered.",
            explicit_bucket_boundaries_advisory=_SECONDS,
        )
        self._counts: list[Callable[[], Mapping[str, int]]] = []
        meter.create_observable_up_down_counter(
            "pluggable.instances", [self._instances], "{instance}", "Components that are initialised."
        )

    @contextmanager
    def counting(self, count: Callable[[], Mapping[str, int]]) -> Iterator[None]:
        """Let the instances be counted meanwhile."""
        self._counts.append(count)
        try:
            yield
        finally:
            self._counts.remove(count)

    def _instances(self, _: CallbackOptions) -> Iterable[Observation]:
        for count in tuple(self._counts):
            for type_, number in count().items():
                yield Observation(number, {TYPE: type_})
