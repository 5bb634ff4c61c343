"""Requests as a server reads them: heads that are known again, bodies to their end."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from .chunks import Chunks
from .fields import (
    ExpectationError,
    LongBodyError,
    LongHeadError,
    MalformedError,
    VersionError,
    framing,
    pairs,
    shown,
)

#: Clients repeat themselves, so what was read is kept: so many blocks of fields, none longer than this.
KEPT: Final = 256
KEPT_BYTES: Final = 2048
_PREFACE: Final = b"PRI * HTTP/2.0"

_LINE: Final = re.compile(
    rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]++) ([\x21-\x7e\x80-\xff]++) HTTP/([0-9]\.[0-9])"
).fullmatch
_ABSOLUTE: Final = re.compile(rb"(?i)https?://([^/?#@]+)([^?#]*)(\?[^#]*)?(?:#.*)?").fullmatch
_HOST: Final = re.compile(
    r"(?:[A-Za-z0-9._~!$&'()*+,;=%-]*|\[[0-9A-Fa-f:.]+(?:%25[\w.~-]+)?\])(?::\d*)?"
).fullmatch
#: Empty lines may stand before a request: some clients send one behind a body.
_EMPTY_LINES: Final = re.compile(rb"(?:\r\n)*+").match
#: What no head has: control characters, and line breaks of another kind.
_NEVER: Final = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|(?<!\r)\n|\r[^\n]").search


class PrefaceError(Exception):
    """The client begins to speak HTTP/2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a block of fields says."""

    headers: Mapping[str, str]
    length: int
    chunked: bool
    options: frozenset[str]
    """What is in ``Connection``, in lower case."""
    expects: bool
    """Whether the client waits to be told to send its body."""


@dataclass(slots=True)
class Incoming:
    """A request, read to its end."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    last: bool
    """Whether the client wants nothing more on this connection."""
    old: bool
    """Whether the client speaks HTTP/1.0 and must be told that the connection stays."""


class Blocks:
    """Reads blocks of fields, and knows again those that it has read."""

    def __init__(self) -> None:
        self._known: dict[bytes, Known] = {}

    def of(self, block: bytes) -> Known:
        """
        Return what a block says.

        Raises:
            MalformedError: it cannot be read.
        """
        known = self._known.get(block)
        if known is None:
            known = _known(block)
            if len(block) <= KEPT_BYTES:
                if len(self._known) >= KEPT:
                    self._known.clear()
                self._known[block] = known
        return known


class RequestReader:
    """
    Reads the requests of one connection, each when it is asked for.

    ``feed`` what comes; ``next`` is ``None`` until a request is whole.
    """

    __slots__ = (
        "_at", "_blocks", "_chunks", "_head", "_most_body", "_most_head", "_pieces", "_rest", "_seen",
        "_told", "_wanted", "fresh",
    )  # fmt: skip

    def __init__(self, blocks: Blocks, *, max_head_bytes: int, max_body_bytes: int) -> None:
        self.fresh: bool = True
        """Whether no head has been read yet."""
        self._blocks = blocks
        self._most_head = max_head_bytes
        self._most_body = max_body_bytes
        self._rest = b""
        self._at = 0
        self._seen = 0
        """How far what looks like a head has been searched."""
        self._head: tuple[Incoming, Known] | None = None
        """The head whose body is being read."""
        self._chunks: Chunks | None = None
        self._pieces: list[bytes] = []
        self._wanted = 0
        self._told = False

    @property
    def unread(self) -> int:
        """How many bytes wait to be read."""
        return len(self._rest) - self._at

    @property
    def in_body(self) -> bool:
        """Whether a head has come and its body is yet to."""
        return self._head is not None

    @property
    def expects(self) -> bool:
        """Whether the client waits to be told, once, to send the body of the request that has begun."""
        if self._head is None or self._told or not self._head[1].expects or self._head[0].old:
            return False
        self._told = True
        return not (self._pieces or (self._chunks is not None and self._chunks.pieces))

    def feed(self, data: bytes) -> None:
        """Take what came."""
        self._rest = self._rest[self._at :] + data if self._at < len(self._rest) else data
        self._at = 0

    def rest(self) -> bytes:
        """Return what was not read, for who reads on in this one's place."""
        return self._rest[self._at :]

    def next(self) -> Incoming | None:
        """
        Return the next request, if all of it is there.

        Raises:
            PrefaceError: it is not the first of a connection, but the beginning of HTTP/2.
            UnreadableError: it cannot be read, or is too long; nothing behind it can be read either.
        """
        if self._head is None:
            incoming = self._next_head()
            if incoming is None or self._head is None:
                return incoming
        return self._next_body(self._head[0])

    def _next_head(self) -> Incoming | None:
        rest, at = self._rest, self._at
        if rest.startswith(b"\r\n", at) and (empty := _EMPTY_LINES(rest, at)) is not None:
            self._at = at = empty.end()
        if at == len(rest):
            return None
        end = rest.find(b"\r\n\r\n", max(at, self._seen - 3))
        if (len(rest) if end < 0 else end + 4) - at > self._most_head:
            raise LongHeadError(f"longer than the {self._most_head} bytes taken")
        if end < 0:
            self._look(rest, at)
            return None
        self._at = end + 4
        self._seen = 0
        first = rest.find(b"\r\n", at)
        line = _LINE(rest, at, first)
        if line is None or line[3] not in (b"1.1", b"1.0"):
            raise self._no_request(rest[at : end + 4])
        self.fresh = False
        known = self._blocks.of(rest[first + 2 : end + 2])
        return self._begin(line[1], line[2], known, old=line[3] == b"1.0")

    def _begin(self, method: bytes, target: bytes, known: Known, *, old: bool) -> Incoming:
        """Return the request of a head; what body it has is noted."""
        headers = known.headers
        if not old and "host" not in headers:
            raise MalformedError("the Host header is missing; HTTP/1.1 wants one")
        path, _, query = (target if target[0] == 47 else _relative(method, target, headers)).partition(b"?")
        if b"#" in query or b"#" in path:
            path, query = path.partition(b"#")[0], query.partition(b"#")[0]
        options = known.options
        last = (old and "keep-alive" not in options) or "close" in options
        incoming = Incoming(
            method.decode("latin-1"), path.decode("latin-1"), query.decode("latin-1"), headers, b"", last, old
        )
        if known.chunked or known.length:
            self._expect_body(incoming, known)
        return incoming

    def _expect_body(self, incoming: Incoming, known: Known) -> None:
        if known.length > self._most_body:
            raise LongBodyError(f"the body is {known.length} bytes long, {self._most_body} are taken")
        if known.chunked:
            if incoming.old:
                raise MalformedError("HTTP/1.0 has no Transfer-Encoding")
            self._chunks = Chunks(self._most_body)
        self._wanted = known.length
        self._told = False
        self._head = incoming, known

    def _next_body(self, incoming: Incoming) -> Incoming | None:
        if self._chunks is not None:
            self._at = self._chunks.take(self._rest, self._at)
            if not self._chunks.done:
                return None
            pieces, self._chunks = self._chunks.pieces, None
        else:
            piece = self._rest[self._at : self._at + self._wanted]
            self._at += len(piece)
            self._wanted -= len(piece)
            if piece:
                self._pieces.append(piece)
            if self._wanted:
                return None
            pieces, self._pieces = self._pieces, []
        incoming.body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        self._head = None
        return incoming

    def _look(self, rest: bytes, at: int) -> None:
        """Refuse at once what cannot become a head."""
        if _NEVER(rest, max(at, self._seen - 1)):
            raise MalformedError(f"it begins {shown(rest[at:])}")
        self._seen = len(rest) - self._at

    def _no_request(self, head: bytes) -> Exception:
        """Return why a head's first line begins no request."""
        if self.fresh and head == _PREFACE + b"\r\n\r\n":
            self._at -= len(head)
            return PrefaceError()
        line = head[: head.find(b"\r\n")]
        if _NEVER(line):
            return MalformedError("the first line has a control character")
        version = re.fullmatch(rb".* HTTP/([0-9]\.[0-9])", line)
        if version is not None and version[1] not in (b"1.0", b"1.1"):
            return VersionError(f"HTTP/{version[1].decode()} is not spoken here; HTTP/1.1 is")
        return MalformedError(f"its first line is {shown(line)}")


def _known(block: bytes) -> Known:
    fields = pairs(block)
    framed = framing(block, fields)
    headers: dict[str, str] = {}
    for name, value in fields:
        key, text = name.decode(), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    hosts = sum(name == b"host" for name, _ in fields)
    if hosts > 1:
        raise MalformedError(f"Host is given {hosts} times")
    if hosts and _HOST(headers["host"]) is None:
        raise MalformedError(f"Host is {headers['host']!r}, which is none")
    expected = headers.get("expect", "").lower()
    if expected not in ("", "100-continue"):
        raise ExpectationError(f"Expect is {expected!r}, only 100-continue is known")
    return Known(
        headers=MappingProxyType(headers),
        length=framed.length or 0,
        chunked=framed.chunked,
        options=frozenset(option.strip().lower() for option in headers.get("connection", "").split(",")),
        expects=bool(expected),
    )


def _relative(method: bytes, target: bytes, headers: Mapping[str, str]) -> bytes:
    """Return path and query of ``http://host/path?query``, as a proxy is asked; ``*`` stays."""
    if target == b"*" and method == b"OPTIONS":
        return target
    found = _ABSOLUTE(target)
    if found is None:
        raise MalformedError(f"{shown(target)} is no path")
    if found[1].decode("latin-1").lower() != headers.get("host", "").lower():
        raise MalformedError(f"{shown(target)} is of another host than the Host header")
    return (found[2] or b"/") + (found[3] or b"")
