"""
Where a call's or a message's trace began: in the call's own headers, or in what it carries.

daprd sends no headers of a trace to components. Its CloudEvents have one, and so has the metadata of a call
of an output binding.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final, TypeVar

from google.protobuf.message import DecodeError
from opentelemetry.context import Context
from opentelemetry.propagate import extract
from opentelemetry.trace import Link, SpanContext, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from ..._proto.dapr.proto.components.v1 import bindings_pb2, pubsub_pb2
from ..._wire import names
from ...bindings import Event
from ...pubsub import Message
from ...transport import ServerCall

#: A larger message is not parsed for its trace.
PARSED_BYTES: Final = 64 * 1024

M = TypeVar("M", bound=Message | Event)

_FIELD: Final = b'"traceparent"'
_W3C: Final = TraceContextTextMapPropagator()


def parent_of_call(call: ServerCall, request: bytes | None) -> Context:
    """Return the context of a call: by its headers, else by what it publishes or invokes."""
    headers = {name: value for name, value in call.metadata.items() if isinstance(value, str)}
    found = extract(headers, Context())
    if request is None or span_of(found).is_valid or (carried := _CARRIED.get(call.method)) is None:
        return found
    for trace in _read(carried, request):
        return _W3C.extract(trace, found)
    return found


def links_of_call(call: ServerCall, request: bytes | None) -> list[Link]:
    """Return the traces of messages that are published together, of which none is the parent."""
    if request is None or call.method != _BULK_PUBLISH:
        return []
    spans = (span_of(_W3C.extract(trace, Context())) for trace in _read(_of_bulk, request))
    return [Link(span) for span in spans if span.is_valid]


def parent_of_message(message: Message | Event) -> Context:
    """Return the context that a message brings along: by its metadata, else as a CloudEvent."""
    if isinstance(message, Message) and (trace := _of_event(message.data)):
        return _W3C.extract(trace, Context())
    return _W3C.extract(_of_metadata(message.metadata), Context())


def with_trace(message: M, context: Context) -> M:
    """
    Return the message with the trace in its metadata, where a sidecar looks for it.

    A CloudEvent with a trace of its own stays as it is: that counts first.
    """
    if isinstance(message, Message) and _FIELD in message.data:
        return message
    carrier: dict[str, str] = {}
    _W3C.inject(carrier, context)
    return replace(message, metadata={**message.metadata, **carrier}) if carrier else message


def span_of(context: Context) -> SpanContext:
    """Return the span of a context; one that is not valid if it has none."""
    return get_current_span(context).get_span_context()


def _read(
    carried: Callable[[bytes], Iterable[Mapping[str, str]]], request: bytes
) -> Iterable[Mapping[str, str]]:
    """Return the traces that a request carries; what is no request is for its handler to refuse."""
    if b"traceparent" not in request:
        return ()
    try:
        return [trace for trace in carried(request) if trace]
    except DecodeError:
        return ()


def _of_publish(request: bytes) -> Iterable[Mapping[str, str]]:
    return [_of_event(pubsub_pb2.PublishRequest.FromString(request).data)]


def _of_bulk(request: bytes) -> Iterable[Mapping[str, str]]:
    return [_of_event(entry.event) for entry in pubsub_pb2.BulkPublishRequest.FromString(request).entries]


def _of_invoke(request: bytes) -> Iterable[Mapping[str, str]]:
    return [_of_metadata(bindings_pb2.InvokeRequest.FromString(request).metadata)]


def _of_event(data: bytes) -> Mapping[str, str]:
    """Return the trace of a CloudEvent; nothing of what is none, or too large to be looked into."""
    if _FIELD not in data or len(data) > PARSED_BYTES:
        return {}
    try:
        event = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return _of_metadata(event) if isinstance(event, dict) and "specversion" in event else {}


def _of_metadata(metadata: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value
        for name in ("traceparent", "tracestate")
        if isinstance(value := metadata.get(name), str) and value
    }


_BULK_PUBLISH: Final = names.path(names.PUBSUB, "BulkPublish")
_CARRIED: Final[Mapping[str, Callable[[bytes], Iterable[Mapping[str, str]]]]] = {
    names.path(names.PUBSUB, "Publish"): _of_publish,
    names.path(names.OUTPUT_BINDING, "Invoke"): _of_invoke,
}
