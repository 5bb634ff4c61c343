"""
CloudEvents as Dapr writes and reads them: the envelope around a published message, and what comes back.

Sources: components-contrib ``pubsub/envelope.go``, dapr/dapr ``pkg/runtime/pubsub/cloudevents.go`` and
``pkg/runtime/subscription``. JSON that is only passed through is checked and copied as it is, so that numbers
keep their digits and nothing is encoded twice.
"""

from __future__ import annotations

import base64
import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from json.encoder import encode_basestring
from typing import Any, Final

from .gotext import escaped, no_constant

CLOUD_EVENT_TYPE: Final = "application/cloudevents+json"
DEFAULT_CONTENT_TYPE: Final = "text/plain"
DEFAULT_SOURCE: Final = "Dapr"
DEFAULT_TYPE: Final = "com.dapr.event.sent"
SPEC_VERSION: Final = "1.0"

_BINARY: Final = frozenset({"application/octet-stream", "application/cloudevents+protobuf"})
_OVERRIDE: Final = "cloudevent."
_HEADER: Final = "ce_"
_TRACE_FIELDS: Final = ("traceid", "traceparent", "tracestate")

_decode = json.JSONDecoder(parse_constant=no_constant).decode
#: Numbers stay text: nothing is lost, and no length of digits is refused.
_scan = json.JSONDecoder(parse_constant=no_constant, parse_int=str, parse_float=str)
_space = re.compile(r"[ \t\n\r]*").match


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message as a CloudEvent: its attributes and data, parsed, and the JSON text for an application."""

    event: Mapping[str, Any]
    body: bytes

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


def new_event(
    *,
    data: bytes,
    content_type: str,
    topic: str,
    pubsub: str,
    source: str,
    metadata: Mapping[str, str],
    trace_parent: str = "",
    trace_state: str = "",
    expiration: str = "",
) -> bytes:
    """
    Return the envelope around this data, as JSON.

    ``cloudevent.*`` in the metadata, in any case, sets the attribute of that name. Data that calls itself
    JSON and is none becomes a string, as daprd has it.
    """
    given = _overrides(metadata) if metadata else metadata
    content_type = content_type or DEFAULT_CONTENT_TYPE
    trace = given.get("traceparent") or given.get("traceid") or trace_parent
    subject = given.get("subject")
    attributes = (
        f',"datacontenttype":{_quoted(content_type)}'
        + (f',"expiration":{_quoted(expiration)}' if expiration else "")
        + f',"id":{_quoted(given.get("id") or str(uuid.uuid4()))}'
        f',"pubsubname":{_quoted(pubsub)}'
        f',"source":{_quoted(given.get("source") or source or DEFAULT_SOURCE)}'
        f',"specversion":"{SPEC_VERSION}"'
        + (f',"subject":{_quoted(subject)}' if subject else "")
        + f',"time":"{_now()}","topic":{_quoted(topic)}'
        f',"traceid":{_quoted(trace)},"traceparent":{_quoted(trace)}'
        f',"tracestate":{_quoted(given.get("tracestate") or trace_state)}'
        f',"type":{_quoted(given.get("type") or DEFAULT_TYPE)}}}'
    )
    return b"".join((b"{", _payload(data, content_type), escaped(attributes.encode("utf-8", "replace"))))


def from_event(
    data: bytes,
    *,
    topic: str,
    pubsub: str,
    trace_parent: str = "",
    trace_state: str = "",
    expiration: str = "",
) -> bytes:
    """
    Return an event that its publisher wrote, addressed to this topic, with what is missing filled in.

    Raises:
        ValueError: the data is no JSON object.
    """
    members = _members(_text(data))
    set_ = {"topic": topic, "pubsubname": pubsub}
    if expiration:
        set_["expiration"] = expiration
    if "traceid" not in members:
        set_["traceid"] = set_["traceparent"] = trace_parent
    defaults = {"source": DEFAULT_SOURCE, "type": DEFAULT_TYPE, "specversion": SPEC_VERSION}
    set_ |= {name: value for name, value in defaults.items() if members.get(name, "null") == "null"}
    for name, value in (("time", _now()), ("tracestate", trace_state)):
        if name not in members:
            set_[name] = value
    members |= {name: _quoted(value) for name, value in set_.items()}
    text = ",".join(f"{_quoted(name)}:{members[name]}" for name in sorted(members))
    return escaped(f"{{{text}}}".encode("utf-8", "replace"))


def incoming(
    data: bytes,
    *,
    topic: str,
    pubsub: str,
    metadata: Mapping[str, str],
    content_type: str | None = None,
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
    content_type = metadata.get("content-type") if content_type is None else content_type
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
    text = _text(data)
    try:
        event = _decode(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    except ValueError:
        event = _scan.decode(text)  # more digits than an integer may have
    if not isinstance(event, dict):
        raise ValueError(f"it is a JSON {type(event).__name__}, not an object")  # noqa: TRY004  one error for no event
    missing = {name: metadata[name] for name in _TRACE_FIELDS if name in metadata and name not in event}
    if "traceparent" in missing:
        missing["traceid"] = missing["traceparent"]
    if missing:  # the body stays as it was published, as with daprd
        event |= missing
    return Incoming(event, data)


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
    text = ",".join(f"{_quoted(name)}:{_quoted(event[name])}" for name in sorted(event))
    return escaped(f"{{{text}}}".encode("utf-8", "replace"))


def _payload(data: bytes, content_type: str) -> bytes:
    """Return the member that carries the data."""
    media = media_type(content_type)
    if media in _BINARY or (media == "application/x-protobuf" and _is_event_message(data)):
        return b'"data_base64":"' + base64.b64encode(data) + b'"'
    text = _text(data)
    if media == "application/json" and _is_json(text):
        return b'"data":' + escaped(text.encode())
    return b'"data":' + escaped(_quoted(text).encode())


def _members(text: str) -> dict[str, str]:
    """Return the members of a JSON object by name, each value as it is spelled."""
    members: dict[str, str] = {}
    try:
        if not isinstance(_scan.decode(text), dict):
            raise ValueError("it is no JSON object")  # noqa: TRY004  one error for no event
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    at = _after(text, text.index("{") + 1)
    while text[at] != "}":  # from here on the text is known to be valid
        name, at = _scan.raw_decode(text, at)
        start = _after(text, _after(text, at) + 1)
        _, end = _scan.raw_decode(text, start)
        members[name] = text[start:end]
        at = _after(text, end)
        if text[at] == ",":
            at = _after(text, at + 1)
    return members


def _after(text: str, at: int) -> int:
    """Return where the white space ends that begins here."""
    found = _space(text, at)
    return found.end() if found else at


def _is_json(text: str) -> bool:
    try:
        _scan.decode(text)
    except (ValueError, RecursionError):
        return False
    return True


def _is_event_message(data: bytes) -> bool:
    """Whether the bytes are a CloudEvent in protobuf: well formed, with the attributes it must have."""
    at, found = 0, set()
    try:
        while at < len(data):
            key, at = _varint(data, at)
            number, kind = key >> 3, key & 7
            if kind != 2 or number == 0:  # every field of a CloudEvent has a length
                return False
            length, at = _varint(data, at)
            at += length
            found.add(number)
    except IndexError:
        return False
    return at == len(data) and found >= {1, 2, 3, 4}


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _overrides(metadata: Mapping[str, str]) -> dict[str, str]:
    return {
        lower[len(_OVERRIDE) :]: value
        for key, value in metadata.items()
        if (lower := key.lower()).startswith(_OVERRIDE)
    }


def media_type(content_type: str) -> str:
    """Return a content type without its parameters, in lower case."""
    return content_type.partition(";")[0].strip().lower()


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _quoted(text: str) -> str:
    return encode_basestring(text)


def _now() -> str:
    now = datetime.now().astimezone().isoformat(timespec="seconds")
    return now[:-6] + "Z" if now.endswith("+00:00") else now
