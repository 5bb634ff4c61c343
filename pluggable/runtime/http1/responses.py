"""Responses as a client reads them, one to each request."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import Final

from ..gathered import Gathered
from .chunks import Chunks
from .fields import LongBodyError, MalformedError, Pair, framing, pairs, shown

#: All headers of an answer together; a server that sends more is not answering.
MAX_HEAD_BYTES: Final = 64 * 1024
#: Words in between, such as ``100 Continue``, before an answer.
MOST_INTERIM: Final = 100

_LINE: Final = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9]{2})(?: [\t\x20-\x7e\x80-\xff]*+)?").fullmatch
_BEGINS: Final = b"HTTP/1."
_NEVER: Final = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|(?<!\r)\n|\r[^\n]").search


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer. Header names are lower case, in the order they came."""

    status: int
    headers: tuple[Pair, ...]
    body: bytes

    def header(self, name: bytes) -> bytes | None:
        """Return the first header of this (lower-case) name."""
        return next((value for key, value in self.headers if key == name), None)


class ResponseReader:
    """
    Reads the answer to one request after the other; ``begin`` says that one was sent.

    ``feed`` what comes; it returns the answer when that is whole. Who does not wait for that looks at
    ``head`` and takes with ``drain`` what has come of the body; the answer then holds what came after that.
    """

    __slots__ = (
        "_at", "_bodiless", "_body", "_chunks", "_headers", "_interim", "_left", "_most", "_most_body",
        "_rest", "_seen", "_size", "_status", "keeps",
    )  # fmt: skip

    def __init__(self, max_body_bytes: int) -> None:
        self.keeps: bool = True
        """Whether the server goes on with this connection, and nothing came that nobody asked for."""
        self._most_body = max_body_bytes
        self.begin()

    def begin(self, *, bodiless: bool = False, endless: bool = False) -> None:
        """Expect the answer to a new request, without a body if that was HEAD, or with one of any length."""
        self._most = sys.maxsize if endless else self._most_body
        self._rest = b""
        self._at = self._seen = self._interim = self._size = 0
        self._bodiless = bodiless
        self._status = 0
        self._headers: tuple[Pair, ...] = ()
        self._body = Gathered()
        self._chunks: Chunks | None = None
        self._left: int | None = 0

    @property
    def head(self) -> tuple[int, tuple[Pair, ...]] | None:
        """Status and headers, once they have come."""
        return (self._status, self._headers) if self._status else None

    def drain(self) -> list[bytes]:
        """Return what has come of the body and was not drained yet."""
        return (self._body if self._chunks is None else self._chunks.body).drain()

    def feed(self, data: bytes) -> Answer | None:
        """
        Take what came, and return the answer if it is whole.

        Raises:
            MalformedError: this is no answer, or not one that all read alike.
            LongBodyError: the body is longer than is taken.
        """
        self._rest = self._rest[self._at :] + data if self._at < len(self._rest) else data
        self._at = 0
        while not self._status:
            if not self._read_head():
                return None
        return self._read_body()

    def end(self, *, short: bool = False) -> Answer | None:
        """
        Take the end of the connection, which is that of an answer with no other; return that.

        ``short`` takes a body as whole that has fewer bytes than its length says.
        """
        if self._status and self._chunks is None and (self._left is None or short):
            return self._whole(self._body)
        return None

    def _read_head(self) -> bool:
        """Read a head, and return whether it was there."""
        rest = self._rest
        end = rest.find(b"\r\n\r\n", max(self._at, self._seen - 3))
        if (len(rest) if end < 0 else end) - self._at > MAX_HEAD_BYTES:
            raise MalformedError(f"its headers are longer than {MAX_HEAD_BYTES} bytes")
        if end < 0:
            self._look()
            return False
        first = rest.find(b"\r\n", self._at)
        line = _LINE(rest, self._at, first)
        if line is None:
            raise MalformedError(f"its first line is {shown(rest[self._at : first])}")
        block = rest[first + 2 : end + 2]
        self._at, self._seen = end + 4, 0
        self._take(int(line[2]), pairs(block), block, old=line[1] == b"0")
        return True

    def _look(self) -> None:
        """Refuse at once what cannot become a head."""
        rest = self._rest[self._at :]
        if not (rest.startswith(_BEGINS) or _BEGINS.startswith(rest)) or _NEVER(rest, max(self._seen - 1, 0)):
            raise MalformedError(f"it begins {shown(rest)}")
        self._seen = len(rest)

    def _take(self, status: int, fields: list[Pair], block: bytes, *, old: bool) -> None:
        if status == 101:
            raise MalformedError("the application wants to switch protocols, which nobody asked for")
        framed = framing(block, fields)
        if status < 200:
            self._interim += 1
            if self._interim > MOST_INTERIM:
                raise MalformedError(f"more than {MOST_INTERIM} interim answers came before the answer")
            return
        if framed.chunked and old:
            raise MalformedError("HTTP/1.0 has no Transfer-Encoding")
        self._status, self._headers = status, tuple(fields)
        options = {
            option.strip().lower()
            for name, value in fields
            if name == b"connection"
            for option in value.split(b",")
        }
        self.keeps = self.keeps and b"close" not in options and (not old or b"keep-alive" in options)
        if self._bodiless or status in (204, 304):
            return
        self._left = framed.length
        if framed.chunked:
            self._chunks = Chunks(self._most)
        elif framed.length is None:
            self.keeps = False
        elif framed.length > self._most:
            raise LongBodyError(f"its body is longer than {self._most_body} bytes (max-body-size)")

    def _read_body(self) -> Answer | None:
        if self._chunks is not None:
            self._at = self._chunks.take(self._rest, self._at)
            return self._whole(self._chunks.body) if self._chunks.done else None
        room = len(self._rest) if self._left is None else self._left
        piece = self._rest[self._at : self._at + room]
        self._at += len(piece)
        self._size += len(piece)
        if piece:
            self._body.append(piece)
        if self._left is not None:
            self._left -= len(piece)
            return None if self._left else self._whole(self._body)
        if self._size > self._most:
            raise LongBodyError(f"its body is longer than {self._most_body} bytes (max-body-size)")
        return None

    def _whole(self, body: Gathered) -> Answer:
        if self._at < len(self._rest):
            self.keeps = False
        return Answer(self._status, self._headers, body.take())
