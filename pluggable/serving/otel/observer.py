"""Calls and messages as spans and measurements, by OpenTelemetry's conventions for RPC and messaging."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from time import perf_counter
from typing import Final, TypeVar

from opentelemetry import context as current, metrics, trace
from opentelemetry.context import Context
from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode, TracerProvider

from ..._wire import names
from ...bindings import Event
from ...pubsub import Message
from ...transport import Code, ServerCall, StatusError
from ..observing import Handover, Observer
from .instruments import NAME, TYPE, Instruments
from .traces import links_of_call, parent_of_call, parent_of_message, span_of, with_trace

M = TypeVar("M", bound=Message | Event)

#: What is a server's failure; the others may be as its caller expects.
FAILURES: Final = frozenset(
    {
        Code.UNKNOWN,
        Code.DEADLINE_EXCEEDED,
        Code.UNIMPLEMENTED,
        Code.INTERNAL,
        Code.UNAVAILABLE,
        Code.DATA_LOSS,
    }
)

_SCOPE: Final = "pluggable"


class OpenTelemetry(Observer):
    """
    Makes a span of each call, stream and message, and measures them.

    By these providers, which remain the caller's to shut down; without them by OpenTelemetry's global ones. A
    component's own spans are children of the call's. Neither keys nor values nor an error's text is told.
    """

    def __init__(
        self, *, tracer_provider: TracerProvider | None = None, meter_provider: MeterProvider | None = None
    ) -> None:
        self._tracer = trace.get_tracer(_SCOPE, tracer_provider=tracer_provider)
        self._instruments = Instruments(metrics.get_meter(_SCOPE, meter_provider=meter_provider))

    @contextmanager
    def call(self, component: str, call: ServerCall, request: bytes | None) -> Iterator[None]:
        parent = parent_of_call(call, request)
        about = {TYPE: component, NAME: names.instance_of(call.metadata)}
        method = call.method.lstrip("/")
        rpc = {**about, "rpc.system.name": "grpc", "rpc.method": method}
        links = links_of_call(call, request) or None
        span = self._tracer.start_span(method, parent, SpanKind.SERVER, rpc, links)
        within = trace.set_span_in_context(span, parent)
        error: BaseException | None = None
        began = perf_counter()
        try:
            # what lasts as long as a stream is no parent of all that happens meanwhile
            with _attached(within) if request is not None else self._streaming(about, parent):
                yield
        except BaseException as raised:
            error = raised
            raise
        finally:
            ended = _end_of_call(span, call, error)
            self._instruments.calls.record(perf_counter() - began, {**rpc, **ended}, within)
            span.end()

    @contextmanager
    def delivery(self, component: str, name: str, message: M) -> Iterator[Handover[M]]:
        about = {TYPE: component, NAME: name}
        outer = span_of(current.get_current())
        parent = parent_of_message(message)
        links = [Link(outer)] if outer.is_valid else []
        if not span_of(parent).is_valid:
            parent, links = current.get_current(), []
        span = self._tracer.start_span(
            f"deliver {message.topic}" if isinstance(message, Message) else "deliver",
            parent,
            SpanKind.CONSUMER,
            {**about, **_of_message(component, message)},
            links or None,
        )
        within = trace.set_span_in_context(span, parent)
        handover = Handover(with_trace(message, within))
        began = perf_counter()
        self._instruments.in_flight.add(1, about)
        try:
            yield handover
        finally:
            self._instruments.in_flight.add(-1, about)
            outcome = type(handover.outcome).__name__.lower() if handover.outcome else "none"
            if outcome == "rejected":
                span.set_status(Status(StatusCode.ERROR))
            ended = {"pluggable.outcome": outcome}
            span.set_attributes(ended)
            self._instruments.deliveries.record(perf_counter() - began, {**about, **ended}, within)
            span.end()

    def instances(self, count: Callable[[], Mapping[str, int]]) -> AbstractContextManager[None]:
        return self._instruments.counting(count)

    @contextmanager
    def _streaming(self, about: Mapping[str, str], parent: Context) -> Iterator[None]:
        self._instruments.streams.add(1, about)
        try:
            with _attached(parent):
                yield
        finally:
            self._instruments.streams.add(-1, about)


@contextmanager
def _attached(context: Context) -> Iterator[None]:
    token = current.attach(context)
    try:
        yield
    finally:
        current.detach(token)


def _end_of_call(span: Span, call: ServerCall, error: BaseException | None) -> dict[str, str]:
    """Say on the span how the call ended, and return it; of an error its class is told, not its text."""
    code = _code_of(call, error)
    ended = {"rpc.response.status_code": code.name}
    if code in FAILURES:
        ended["error.type"] = code.name
        span.set_status(Status(StatusCode.ERROR))
    if isinstance(error, StatusError):
        kind = type(error.__cause__ or error)
        span.add_event("exception", {"exception.type": f"{kind.__module__}.{kind.__qualname__}"})
    span.set_attributes(ended)
    return ended


def _code_of(call: ServerCall, error: BaseException | None) -> Code:
    match error:
        case None:
            return Code.OK
        case StatusError():
            return error.code
        case asyncio.CancelledError():
            left = call.seconds_left()
            return Code.DEADLINE_EXCEEDED if left is not None and left <= 0 else Code.CANCELLED
        case _:
            return Code.UNKNOWN


def _of_message(component: str, message: Message | Event) -> dict[str, str]:
    if isinstance(message, Event):
        return {}
    return {
        "messaging.system": component.partition(".")[2],
        "messaging.operation.name": "deliver",
        "messaging.operation.type": "process",
        "messaging.destination.name": message.topic,
    }
