"""Trace context of requests: passed on as it came, made where none came."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping

from ..errors import MalformedRequestError

PARENT = "traceparent"
STATE = "tracestate"
BAGGAGE = "baggage"
_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_VALUE = r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*"
_MEMBER = re.compile(rf"\s*{_TOKEN}\s*=\s*{_VALUE}\s*(?:;\s*{_TOKEN}\s*(?:=\s*{_VALUE}\s*)?)*")


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
