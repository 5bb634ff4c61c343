"""
The envelope around a published message.

Sources: components-contrib ``pubsub/envelope.go``, dapr/dapr ``pkg/runtime/pubsub/cloudevents.go``. JSON that
is only passed through is checked and copied as it is: numbers keep their digits, nothing is encoded twice.
"""

from __future__ import annotations

import base64
import re
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from ..gotext import escaped
from .attributes import (
    DEFAULT_CONTENT_TYPE,
    DEFAULT_SOURCE,
    DEFAULT_TYPE,
    SPEC_VERSION,
    media_type,
    quoted,
    scan,
    text_of,
)

_BINARY: Final = frozenset({"application/octet-stream", "application/cloudevents+protobuf"})
_OVERRIDE: Final = "cloudevent."
#: The longest number that protobuf has, in bits.
_LONGEST_VARINT: Final = 64

_space = re.compile(r"[ \t\n\r]*").match


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
        f',"datacontenttype":{quoted(content_type)}'
        + (f',"expiration":{quoted(expiration)}' if expiration else "")
        + f',"id":{quoted(given.get("id") or str(uuid.uuid4()))}'
        f',"pubsubname":{quoted(pubsub)}'
        f',"source":{quoted(given.get("source") or source or DEFAULT_SOURCE)}'
        f',"specversion":"{SPEC_VERSION}"'
        + (f',"subject":{quoted(subject)}' if subject else "")
        + f',"time":"{_now()}","topic":{quoted(topic)}'
        f',"traceid":{quoted(trace)},"traceparent":{quoted(trace)}'
        f',"tracestate":{quoted(given.get("tracestate") or trace_state)}'
        f',"type":{quoted(given.get("type") or DEFAULT_TYPE)}}}'
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
    members = members_of(text_of(data))
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
    members |= {name: quoted(value) for name, value in set_.items()}
    text = ",".join(f"{quoted(name)}:{members[name]}" for name in sorted(members))
    return escaped(f"{{{text}}}".encode("utf-8", "replace"))


def _payload(data: bytes, content_type: str) -> bytes:
    """Return the member that carries the data."""
    media = media_type(content_type)
    if media in _BINARY or (media == "application/x-protobuf" and _is_event_message(data)):
        return b'"data_base64":"' + base64.b64encode(data) + b'"'
    text = text_of(data)
    if media == "application/json" and _is_json(text):
        return b'"data":' + escaped(text.encode())
    return b'"data":' + escaped(quoted(text).encode())


def members_of(text: str) -> dict[str, str]:
    """
    Return the members of a JSON object by name, each value as it is spelled.

    Raises:
        ValueError: it is no JSON object.
    """
    members: dict[str, str] = {}
    try:
        if not isinstance(scan.decode(text), dict):
            raise ValueError("it is no JSON object")  # noqa: TRY004  one error for no event
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    at = _after(text, text.index("{") + 1)
    while text[at] != "}":  # from here on the text is known to be valid
        name, at = scan.raw_decode(text, at)
        start = _after(text, _after(text, at) + 1)
        _, end = scan.raw_decode(text, start)
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
        scan.decode(text)
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
    """Return a number and where it ends; raise IndexError where there is none."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift >= _LONGEST_VARINT:  # and each further byte would cost as much as all before it
            raise IndexError


def _overrides(metadata: Mapping[str, str]) -> dict[str, str]:
    return {
        lower[len(_OVERRIDE) :]: value
        for key, value in metadata.items()
        if (lower := key.lower()).startswith(_OVERRIDE)
    }


def _now() -> str:
    now = datetime.now().astimezone().isoformat(timespec="seconds")
    return now[:-6] + "Z" if now.endswith("+00:00") else now
