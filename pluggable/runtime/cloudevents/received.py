"""
A message that a broker delivered, as a CloudEvent.

Source: dapr/dapr ``pkg/runtime/subscription``.
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from ..gotext import escaped, no_constant
from .attributes import (
    DEFAULT_SOURCE,
    DEFAULT_TYPE,
    NO_TRACE,
    SPEC_VERSION,
    is_trace_parent,
    media_type,
    quoted,
    scan,
    text_of,
)

_HEADER: Final = "ce_"
_TRACE_FIELDS: Final = ("traceid", "traceparent", "tracestate")

_decode = json.JSONDecoder(parse_constant=no_constant).decode


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message as a CloudEvent: its attributes and data, parsed, and the JSON text for an application."""

    event: Mapping[str, Any]
    body: bytes
    partial: bool = False
    """Whether ``event`` lacks the data, because it is huge; ``whole`` has it."""

    def whole(self) -> Mapping[str, Any]:
        """Return the event with its data."""
        return _parsed(self.body, {}).event if self.partial else self.event

    @property
    def trace(self) -> tuple[str, str]:
        """Where the trace stands for who gets the message, and its vendor part; all zeros where none is."""
        parent = self.trace_parent
        return (parent, self.trace_state) if is_trace_parent(parent) else (NO_TRACE, "")

    @property
    def trace_parent(self) -> str:
        """Where the publisher's trace stands; empty if it says nothing that could be one."""
        found = self.event.get("traceparent") or self.event.get("traceid")
        return found if isinstance(found, str) else ""

    @property
    def trace_state(self) -> str:
        """The publisher's vendor part of the trace, often empty."""
        found = self.event.get("tracestate")
        return found if isinstance(found, str) else ""


def incoming(
    data: bytes,
    *,
    topic: str,
    pubsub: str,
    metadata: Mapping[str, str],
    raw: bool = False,
) -> Incoming:
    """
    Read what a broker delivered; ``raw`` wraps any bytes, as the subscription's ``rawPayload`` asks.

    A binary message has its attributes in metadata beginning with ``ce_``. daprd hands such data to the
    application under the name of a JSON event, which no library reads; here it gets a true envelope.

    Raises:
        ValueError: the message should be a CloudEvent and is no JSON object.
    """
    if raw:
        event: dict[str, Any] = _wrapped(data, topic, pubsub)
        event |= {name: metadata[name] for name in _TRACE_FIELDS if name in metadata}
        if "traceparent" in metadata:
            event["traceid"] = metadata["traceparent"]
        return Incoming(event, _dump(event))
    content_type = metadata.get("content-type")
    if content_type and media_type(content_type) == "application/octet-stream":
        headers = {
            key[len(_HEADER) :].lower(): value
            for key, value in metadata.items()
            if key[: len(_HEADER)].lower() == _HEADER
        }
        event = _wrapped(data, topic, pubsub) | headers | {"datacontenttype": content_type}
        return Incoming(event, _dump(event))
    return _parsed(data, metadata)


def expired(event: Mapping[str, Any]) -> bool:
    """Whether the event says that its time is over; what is no RFC 3339 time says nothing."""
    said = event.get("expiration")
    if not said or not isinstance(said, str):
        return False
    try:
        when = datetime.fromisoformat(said)
    except ValueError:
        return False
    return when.tzinfo is not None and when < datetime.now(UTC)


def _parsed(data: bytes, metadata: Mapping[str, str]) -> Incoming:
    text = text_of(data)
    try:
        event = _decoded(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if not isinstance(event, dict):
        raise ValueError(f"it is a JSON {type(event).__name__}, not an object")  # noqa: TRY004  one error for no event
    missing = {name: metadata[name] for name in _TRACE_FIELDS if name in metadata and name not in event}
    if "traceparent" in missing:
        missing["traceid"] = missing["traceparent"]
    if missing:  # the body stays as it was published, as with daprd
        event |= missing
    return Incoming(event, data)


def _decoded(text: str) -> Any:
    try:
        return _decode(text)
    except ValueError:
        return scan.decode(text)  # more digits than an integer may have


def _wrapped(data: bytes, topic: str, pubsub: str) -> dict[str, Any]:
    return {
        "id": str(uuid.uuid4()),
        "specversion": SPEC_VERSION,
        "datacontenttype": "application/octet-stream",
        "source": DEFAULT_SOURCE,
        "type": DEFAULT_TYPE,
        "topic": topic,
        "pubsubname": pubsub,
        "data_base64": base64.b64encode(data).decode(),
    }


def _dump(event: Mapping[str, str]) -> bytes:
    text = ",".join(f"{quoted(name)}:{quoted(event[name])}" for name in sorted(event))
    return escaped(f"{{{text}}}".encode("utf-8", "replace"))
