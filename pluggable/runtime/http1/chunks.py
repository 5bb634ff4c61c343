"""A chunked body, however its bytes are cut."""

from __future__ import annotations

import re
from typing import Final

from ..gathered import Gathered
from .fields import LongBodyError, MalformedError, pairs, shown

#: The longest line with a chunk's size, and all extensions and trailers of a body together.
LINE_BYTES: Final = 1024
BESIDE_BYTES: Final = 8192

_FRAMING: Final = (b"content-length", b"transfer-encoding")
_TOKEN: Final = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]++"
_QUOTED: Final = rb'"(?:[\t\x20\x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e])*+"'
_SIZE: Final = re.compile(
    rb"([0-9A-Fa-f]{1,16})(?:;%(token)b(?:=(?:%(token)b|%(quoted)b))?)*+\r\n"
    % {b"token": _TOKEN, b"quoted": _QUOTED}
).fullmatch


class Chunks:
    """
    Takes the chunks of one body; what is beside its data is checked and dropped.

    Source: RFC 9112, section 7.1.
    """

    __slots__ = ("_after_data", "_beside", "_left", "_line", "_most", "_trailing", "body", "done", "size")

    def __init__(self, most_bytes: int) -> None:
        self.body: Final = Gathered()
        """What has come of its data."""
        self.size: int = 0
        self.done: bool = False
        self._most = most_bytes
        self._left = 0
        self._after_data = False
        self._trailing = False
        self._line = b""
        self._beside = 0

    def take(self, data: bytes, at: int) -> int:
        """
        Take data from a place on, and return the place behind what belongs to this body.

        Raises:
            MalformedError: this is no chunk.
            LongBodyError: the body becomes longer than is taken.
        """
        end = len(data)
        while at < end and not self.done:
            if self._left:
                piece = data[at : at + self._left]
                self.body.append(piece)
                self._left -= len(piece)
                self._after_data = not self._left
                at += len(piece)
            else:
                at = self._take_line(data, at)
        return at

    def _take_line(self, data: bytes, at: int) -> int:
        stop = data.find(b"\n", at) + 1 or len(data)
        line = self._line + data[at:stop]
        if self._after_data:
            if not b"\r\n".startswith(line):
                raise MalformedError(f"a chunk's data is followed by {shown(line)}, not by CRLF")
        elif len(line) > LINE_BYTES:
            raise MalformedError(f"a line between chunks is longer than {LINE_BYTES} bytes")
        if line.endswith(b"\n"):
            self._line = b""
            self._read(line)
        else:
            self._line = line
        return stop

    def _read(self, line: bytes) -> None:
        """Take a whole line."""
        if self._after_data:
            self._after_data = False
        elif self._trailing:
            self._read_trailer(line)
        else:
            self._begin(line)

    def _begin(self, line: bytes) -> None:
        found = _SIZE(line)
        if found is None:
            raise MalformedError(f"{shown(line)} is no size of a chunk")
        self._count(len(line) - len(found[1]) - 2)
        self._left = int(found[1], 16)
        self._trailing = not self._left
        self.size += self._left
        if self.size > self._most:
            raise LongBodyError(f"the body is longer than the {self._most} bytes taken")

    def _read_trailer(self, line: bytes) -> None:
        if line == b"\r\n":
            self.done = True
            return
        self._count(len(line))
        for name, _ in pairs(line):
            if name in _FRAMING:
                raise MalformedError(f"the trailer {name.decode()} would frame the body that it ends")

    def _count(self, size: int) -> None:
        self._beside += size
        if self._beside > BESIDE_BYTES:
            raise MalformedError(f"a body has more than {BESIDE_BYTES} bytes of extensions and trailers")
