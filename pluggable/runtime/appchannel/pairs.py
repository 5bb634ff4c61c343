"""Metadata of a broker or binding as that of a call to a gRPC application, and the trace beside it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from .headers import TRACE_PARENT, WITHHELD

Metadata = tuple[tuple[str, str | bytes], ...]

_NAME: Final = re.compile(r"[0-9a-z_.-]+").fullmatch
_TEXT: Final = re.compile(r"([!-~]([ -~]*[!-~])?)?").fullmatch


def metadata_pairs(metadata: Mapping[str, str]) -> Metadata:
    """Return metadata as a call may carry it; what cannot be sent, or must not be set, is left out."""
    return tuple(
        (name, value.encode() if name.endswith("-bin") else value)
        for key, value in metadata.items()
        if (name := key.lower()) not in WITHHELD
        and not name.startswith("grpc-")
        and _NAME(name)
        and (name.endswith("-bin") or _TEXT(value))
    )


def trace_pairs(parent: str, state: str) -> Metadata:
    """Return a trace in both forms that gRPC applications read: W3C's, and the binary one of OpenCensus."""
    if not parent or TRACE_PARENT(parent) is None or not _TEXT(parent):
        return ()
    pairs: Metadata = (("traceparent", parent), ("grpc-trace-bin", _binary(parent)))
    return (*pairs, ("tracestate", state)) if state and _TEXT(state) else pairs


def _binary(parent: str) -> bytes:
    """Return version 0 of the binary form: field 0 is the trace's id, 1 the span's, 2 the flags."""
    _, trace, span, flags = parent[:55].split("-")
    return b"\0\0" + bytes.fromhex(trace) + b"\1" + bytes.fromhex(span) + b"\2" + bytes.fromhex(flags)
