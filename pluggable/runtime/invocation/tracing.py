"""The trace of a call as HTTP and gRPC carry it; that it has none is said too."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from typing import Final

from .values import Headers

PARENT: Final = "traceparent"
BINARY: Final = "grpc-trace-bin"
#: Belongs to no trace, as daprd says it: who reads it begins one.
NO_PARENT: Final = f"00-{'0' * 32}-{'0' * 16}-00"
_PARENT: Final = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})").match


def traced(headers: Headers) -> Headers:
    """Return headers that say which trace they belong to, in W3C's form beside what there is."""
    named = {name for name, _ in headers}
    if PARENT in named:
        return headers
    parent = next((parent_of(value) for name, value in headers if name == BINARY), "")
    return (*headers, (PARENT, parent or NO_PARENT))


def with_parent(headers: Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    """Return headers for HTTP with a trace in them."""
    found = tuple(headers)
    return found if any(name == PARENT for name, _ in found) else (*found, (PARENT, NO_PARENT))


def binary_of(parent: str) -> bytes:
    """Return W3C's form as OpenCensus has it: field 0 the trace, 1 the span, 2 the flags; or nothing."""
    found = _PARENT(parent)
    if found is None:
        return b""
    trace, span, flags = (bytes.fromhex(part) for part in found.groups())
    return b"\0\0" + trace + b"\1" + span + b"\2" + flags


def parent_of(value: str) -> str:
    """Return W3C's form of OpenCensus' binary one in base64; empty if it is none."""
    try:
        data = base64.b64decode(value + "=" * (-len(value) % 4))
    except ValueError:
        return ""
    if len(data) < 29 or data[:2] != b"\0\0" or data[18] != 1 or data[27] != 2:
        return ""
    return f"00-{data[2:18].hex()}-{data[19:27].hex()}-{data[28]:02x}"
