"""Trace context of requests: passed on as it came, made where none came."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping

from ..blocks.publish import Trace
from ..cloudevents import NO_TRACE
from ..errors import MalformedRequestError

PARENT = "traceparent"
STATE = "tracestate"
BAGGAGE = "baggage"
BINARY = "grpc-trace-bin"
_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
#: A value that may be empty; blanks are matched in one way only, since each other way doubles the time.
_VALUE = r"=\s*(?:[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]+\s*)?"
_MEMBER = re.compile(rf"\s*{_TOKEN}\s*{_VALUE}(?:;\s*{_TOKEN}\s*(?:{_VALUE})?)*")


def passed_on(headers: Mapping[str, str]) -> dict[str, str]:
    """
    Return what a component is told of the trace, as metadata.

    Raises:
        MalformedRequestError: the baggage is not as W3C writes it.
    """
    told = {PARENT: headers.get(PARENT) or f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-00"}
    if state := headers.get(STATE):
        told[STATE] = state
    if baggage := headers.get(BAGGAGE):
        for member in baggage.split(","):
            if _MEMBER.fullmatch(member) is None:
                raise MalformedRequestError(f"invalid baggage header: {member.strip()!r} is no key=value")
        told[BAGGAGE] = baggage
    return told


def of_call(metadata: Mapping[str, str | bytes]) -> Trace:
    """Return the trace of a gRPC call: as text, or in the binary header of OpenCensus."""
    parent, state = metadata.get(PARENT, ""), metadata.get(STATE, "")
    if not parent:
        parent = _of_binary(metadata.get(BINARY, b""))
    return Trace(_text(parent) or NO_TRACE, _text(state))


def of_headers(headers: Mapping[str, str]) -> Trace:
    """Return the trace of an HTTP request."""
    return Trace(headers.get(PARENT) or NO_TRACE, headers.get(STATE, ""))


def _of_binary(value: str | bytes) -> str:
    """Read version 0: field 0 the trace's id, 1 the span's, 2 the flags; anything else is no trace."""
    if isinstance(value, str) or len(value) < 29 or value[:2] != b"\0\0" or value[18] != 1 or value[27] != 2:
        return ""
    return f"00-{value[2:18].hex()}-{value[19:27].hex()}-{value[28]:02x}"


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")
