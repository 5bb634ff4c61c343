"""Headers on their way from one protocol to another: which go on, and under which names."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator
from typing import Final

from .values import Headers

DESTINATION: Final = "destination-app-id"
CALLER_ID: Final = "dapr-caller-app-id"
CALLER_NAMESPACE: Final = "dapr-caller-namespace"
CALLEE_ID: Final = "dapr-callee-app-id"
APP_ID: Final = "dapr-app-id"
TOKEN: Final = "dapr-api-token"

#: About one connection only. Source: dapr/dapr ``pkg/messaging/v1/util.go``, after RFC 7230, section 6.1.
HOP_BY_HOP: Final = frozenset(
    (
        *("connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade", "http2-settings"),
        *("te", "trailer", "proxy-authorization", "proxy-authenticate"),
    )
)
#: What has its own place in a call, or is made anew by who sends it.
_OWN: Final = HOP_BY_HOP | {"content-type", "content-length", "host", "expect", DESTINATION, APP_ID}
#: HTTP's own, which gRPC metadata carries under other names. Source: as above.
_PERMANENT: Final = frozenset(
    (
        *("accept", "accept-charset", "accept-language", "accept-ranges", "connection", "keep-alive"),
        *("proxy-connection", "transfer-encoding", "upgrade", "cache-control", "content-type"),
        *("content-length", "cookie", "date", "expect", "from", "host", "if-match", "if-modified-since"),
        *("if-none-match", "if-schedule-tag-match", "if-unmodified-since", "max-forwards", "origin"),
        *("pragma", "referer", "via", "warning"),
    )
)
_PREFIX: Final = "dapr-"
_BREAKING: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]").search
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+").fullmatch
_METADATA_NAME: Final = re.compile(r"[0-9a-z_.-]+").fullmatch
_METADATA_TEXT: Final = re.compile(r"([!-~]([ -~]*[!-~])?)?").fullmatch
#: What gRPC's transport says itself.
_TRANSPORT: Final = frozenset({"te", "user-agent", "content-type"})


def over_grpc(headers: Headers) -> bool:
    """Whether these came with a gRPC call, and are its metadata."""
    return any(name == "content-type" and value.startswith("application/grpc") for name, value in headers)


def end_to_end(headers: Headers) -> Iterator[tuple[str, str]]:
    """Yield what goes on over HTTP: neither about a connection, nor named in ``Connection`` as being so."""
    named = {
        word.strip().lower()
        for name, value in headers
        if name == "connection"
        for word in value.split(",")
        if word.strip()
    }
    for name, value in headers:
        if name in _OWN or name in named or name.endswith("-bin"):
            continue
        if name[:1] == ":" or name.startswith("grpc-"):
            name = _PREFIX + name.removeprefix(":")
        if _NAME(name) and not _BREAKING(value):
            yield name, value


def replaced(headers: Headers, new: Iterable[tuple[str, str]]) -> Headers:
    """Return headers in which these are the only ones of their names."""
    added = tuple(new)
    names = {name for name, _ in added}
    return (*(pair for pair in headers if pair[0] not in names), *added)


def as_metadata(headers: Headers, *, permanent: bool = True) -> list[tuple[str, str | bytes]]:
    """
    Return headers as a gRPC call may carry them; what cannot be sent is left out.

    With ``permanent``, HTTP's own get the prefix ``dapr-`` where they came over HTTP.
    """
    from_grpc = over_grpc(headers)
    found: list[tuple[str, str | bytes]] = []
    for name, value in headers:
        if name == DESTINATION or (from_grpc and name in _TRANSPORT):
            continue
        key = _PREFIX + name if permanent and not from_grpc and name in _PERMANENT else name
        if key in _TRANSPORT or (key.startswith("grpc-") and not key.endswith("-bin")):
            continue
        sent = _decoded(value) if key.endswith("-bin") else value.strip(" ")
        if sendable(key, sent):
            found.append((key, sent))
    return found


def sendable(name: str, value: str | bytes) -> bool:
    """Whether a gRPC call can carry this in its metadata."""
    if _METADATA_NAME(name) is None:
        return False
    return name.endswith("-bin") if isinstance(value, bytes) else _METADATA_TEXT(value) is not None


def of_metadata(pairs: Iterable[tuple[str, str | bytes]]) -> Headers:
    """Return a call's metadata as headers."""
    return tuple(
        (name, value if isinstance(value, str) else base64.b64encode(value).decode()) for name, value in pairs
    )


def _decoded(value: str) -> bytes:
    try:
        return base64.b64decode(value)
    except ValueError:
        return value.encode("latin-1", "replace")
