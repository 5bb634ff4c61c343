"""Requests as a server reads them: heads that are known again, bodies to their end."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final, Generic, Protocol, TypeVar

from ..gathered import Gathered
from .blocks import Blocks, Known
from .chunks import Chunks
from .fields import (
    LongBodyError,
    LongHeadError,
    MalformedError,
    VersionError,
    shown,
)

_PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\n"
_SLASH: Final = ord("/")

_LINE: Final = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]++) ([\x21-\x7e]++) HTTP/1\.([01])").fullmatch
_ABSOLUTE: Final = re.compile(rb"(?i)https?://([^/?#@]+)(/[^?#]*)?(\?[^#]*)?(?:#.*)?").fullmatch
#: Empty lines may stand before a request: some clients send one behind a body.
_EMPTY_LINES: Final = re.compile(rb"(?:\r\n)*+").match
#: What no head has: control characters, and line breaks of another kind.
_NEVER: Final = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|(?<!\r)\n|\r[^\n]").search


class PrefaceError(Exception):
    """The client begins to speak HTTP/2."""


class Readable(Protocol):
    """What a request is made as: its body is set when that is there."""

    body: bytes


R = TypeVar("R", bound=Readable)
#: Makes a request of its method, its path and its query as they were sent, and its headers.
Make = Callable[[str, str, str, Mapping[str, str]], R]


class RequestReader(Generic[R]):
    """
    Reads the requests of one connection, each when it is asked for.

    ``feed`` what comes; ``next`` is ``None`` until a request is whole. One with a chunked body for which
    ``streams`` is true is returned before that is there: then ask for ``more`` until it was all.
    """

    __slots__ = (
        "_at", "_behind", "_blocks", "_body", "_chunks", "_known", "_make", "_most_body", "_most_head",
        "_request", "_rest", "_seen", "_streams", "_told", "_wanted", "fresh", "last", "old", "streaming",
        "upgrades",
    )  # fmt: skip

    def __init__(
        self,
        blocks: Blocks,
        make: Make[R],
        *,
        max_head_bytes: int,
        max_body_bytes: int,
        streams: Callable[[R], bool] | None = None,
    ) -> None:
        self.fresh: bool = True
        """Whether no head has been read yet."""
        self.last: bool = False
        """Whether the client wants nothing on this connection but the answer to the last request read."""
        self.old: bool = False
        """Whether it speaks HTTP/1.0 and must be told that the connection stays."""
        self.upgrades: bool = False
        """Whether it asks to be answered over HTTP/2, as RFC 7540, section 3.2, had it."""
        self.streaming: bool = False
        """Whether the body of the last request read is still coming, and is to be taken by ``more``."""
        self._blocks = blocks
        self._make = make
        self._streams = streams
        self._most_head = max_head_bytes
        self._most_body = max_body_bytes
        self._rest = b""
        self._at = 0
        self._behind: list[bytes] = []
        """What came behind the rest, to be joined to it once: a turn of the loop may bring megabytes."""
        self._seen = 0
        """How far what looks like a head has been searched."""
        self._request: R | None = None
        """The request whose body is being read."""
        self._known: Known | None = None
        self._chunks: Chunks | None = None
        self._body = Gathered()
        self._wanted = 0
        self._told = False

    @property
    def unread(self) -> int:
        """How many bytes wait to be read."""
        behind = sum(map(len, self._behind)) if self._behind else 0
        return len(self._rest) - self._at + behind

    @property
    def in_body(self) -> bool:
        """Whether a head has come and its body is yet to."""
        return self._request is not None

    @property
    def expects(self) -> bool:
        """Whether the client waits to be told, once, to send the body of the request that has begun."""
        known = self._known
        if known is None or not known.expects or self._told or self.old:
            return False
        self._told = True
        return not (self._body or (self._chunks is not None and self._chunks.body))

    def feed(self, data: bytes) -> None:
        """Take what came."""
        if self._at < len(self._rest):
            self._behind.append(data)
        else:
            self._rest = data
            self._at = 0

    def rest(self) -> bytes:
        """Return what was not read, for who reads on in this one's place."""
        if self._behind:
            self._join()
        return self._rest[self._at :]

    def next(self) -> R | None:
        """
        Return the next request, if all of it is there.

        Raises:
            PrefaceError: it is not the first of a connection, but the beginning of HTTP/2.
            UnreadableError: it cannot be read, or is too long; nothing behind it can be read either.
        """
        if self._behind:
            self._join()
        if self._request is None:
            request = self._next_head()
            if request is None or self._request is None:
                return request
        request = self._request
        found = self._next_body(request)
        if found is None and self._streams is not None and self._chunks is not None:
            self.streaming = self._streams(request)
            return request if self.streaming else None
        return found

    def more(self) -> tuple[list[bytes], bool]:
        """
        Return what has come of a body that is taken as it comes, and whether that was all.

        Raises:
            UnreadableError: it cannot be read on, or is too long.
        """
        if self._behind:
            self._join()
        chunks = self._chunks
        assert chunks is not None  # as only such bodies are streamed
        self._at = chunks.take(self._rest, self._at)
        pieces = chunks.body.drain()
        if chunks.done:
            self._request = self._known = self._chunks = None
            self.streaming = False
        return pieces, chunks.done

    def _join(self) -> None:
        self._rest = b"".join((self._rest[self._at :], *self._behind))
        self._at = 0
        self._behind.clear()

    def _next_head(self) -> R | None:
        """Return the request of a head; if it has a body, that is noted."""
        rest, at = self._rest, self._at
        if rest.startswith(b"\r\n", at) and (empty := _EMPTY_LINES(rest, at)) is not None:
            self._at = at = empty.end()
        if at == len(rest):
            return None
        end = rest.find(b"\r\n\r\n", max(at, self._seen - 3) if self._seen else at)
        if (len(rest) if end < 0 else end + 4) - at > self._most_head:
            raise LongHeadError(f"longer than the {self._most_head} bytes taken")
        if end < 0:
            self._look(rest[at:])
            return None
        self._at = end + 4
        self._seen = 0
        first = rest.find(b"\r\n", at)
        line = _LINE(rest, at, first)
        if line is None:
            raise self._no_request(rest[at : end + 4])
        self.fresh = False
        known = self._blocks.of(rest[first + 2 : end + 2])
        method, target, minor = line.groups()
        self.old = minor == b"0"
        if self.old or known.options:
            self.last = (self.old and "keep-alive" not in known.options) or "close" in known.options
            self.upgrades = known.upgrades and not self.old
        else:
            self.last = self.upgrades = False
        if target[0] != _SLASH or known.host is None:
            target = _relative(method, target, known, old=self.old)
        if b"#" in target:
            target = target.partition(b"#")[0]
        path, _, query = target.decode().partition("?")
        request = self._make(method.decode("latin-1"), path, query, known.headers)
        if known.chunked or known.length:
            self._expect_body(request, known)
        return request

    def _expect_body(self, request: R, known: Known) -> None:
        if known.length > self._most_body:
            raise LongBodyError(f"the body is {known.length} bytes long, {self._most_body} are taken")
        if known.chunked:
            if self.old:
                raise MalformedError("HTTP/1.0 has no Transfer-Encoding")
            self._chunks = Chunks(self._most_body)
        self._wanted = known.length
        self._told = False
        self._known = known
        self._request = request

    def _next_body(self, request: R) -> R | None:
        if self._chunks is not None:
            self._at = self._chunks.take(self._rest, self._at)
            if not self._chunks.done:
                return None
            request.body, self._chunks = self._chunks.body.take(), None
        else:
            piece = self._rest[self._at : self._at + self._wanted]
            self._at += len(piece)
            self._wanted -= len(piece)
            if piece:
                self._body.append(piece)
            if self._wanted:
                return None
            request.body = self._body.take()
        self._request = self._known = None
        return request

    def _look(self, begun: bytes) -> None:
        """Refuse at once what cannot become a head."""
        if _NEVER(begun, max(self._seen - 1, 0)):
            raise MalformedError(f"it begins {shown(begun)}")
        self._seen = len(begun)

    def _no_request(self, head: bytes) -> Exception:
        """Return why a head's first line begins no request."""
        if self.fresh and head == _PREFACE:
            self._at -= len(head)
            return PrefaceError()
        line = head[: head.find(b"\r\n")]
        if _NEVER(line):
            return MalformedError("the first line has a control character")
        version = re.fullmatch(rb".* HTTP/([0-9]\.[0-9])", line)
        if version is not None and version[1] not in (b"1.0", b"1.1"):
            return VersionError(f"HTTP/{version[1].decode()} is not spoken here; HTTP/1.1 is")
        return MalformedError(f"its first line is {shown(line)}")


def _relative(method: bytes, target: bytes, known: Known, *, old: bool) -> bytes:
    """Return path and query of ``http://host/path?query``, as a proxy is asked; ``*`` stays."""
    if known.host is None and not old:
        raise MalformedError("the Host header is missing; HTTP/1.1 wants one")
    if target[0] == _SLASH or (target == b"*" and method == b"OPTIONS"):
        return target
    found = _ABSOLUTE(target)
    if found is None:
        raise MalformedError(f"{shown(target)} is no path")
    if found[1].decode("latin-1").lower() != (known.host or "").lower():
        raise MalformedError(f"{shown(target)} is of another host than the Host header")
    return (found[2] or b"/") + (found[3] or b"")
