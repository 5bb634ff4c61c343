"""Metadata as headers of a request to the application: what may be sent, and what is never."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+").fullmatch
_BREAKING: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]").search

#: What may be sent as ``traceparent``; versions to come may have more at the end.
TRACE_PARENT: Final = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}.*").fullmatch

#: Set by the sidecar itself, or about one connection only: metadata of a broker has no say in them.
WITHHELD: Final = frozenset(
    {
        *(
            "content-type",
            "content-length",
            "host",
            "user-agent",
            "dapr-api-token",
            "traceparent",
            "tracestate",
        ),
        *("connection", "keep-alive", "proxy-connection", "transfer-encoding", "te", "trailer", "upgrade"),
        *("http2-settings", "proxy-authenticate", "proxy-authorization", "expect"),
    }
)


def metadata_lines(metadata: Mapping[str, str]) -> bytes:
    """
    Return metadata as header lines; what cannot be a header, or must not be set, is left out.

    A name or value with a line break in it would be another header, or another request.
    """
    lines = [
        f"{name}: {value}\r\n"
        for key, value in metadata.items()
        if (name := key.lower()) not in WITHHELD and is_header(name, value)
    ]
    return "".join(lines).encode("utf-8", "replace")


def is_header(name: str, value: str) -> bool:
    """Whether name and value can stand in a header."""
    return _NAME(name) is not None and _BREAKING(value) is None
