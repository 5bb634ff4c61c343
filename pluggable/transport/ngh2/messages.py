"""Messages in a stream's data: a flag, four bytes of length, and the bytes themselves."""

from __future__ import annotations

import struct
import zlib
from collections import deque
from io import BytesIO
from typing import TYPE_CHECKING, Final

from ..status import Code, StatusError

if TYPE_CHECKING:
    from ..h2 import Stream

PREFIX_BYTES: Final = 5
#: Encodings that are understood when they are received; nothing is compressed here.
ACCEPTED: Final = b"identity,deflate,gzip"

#: Larger messages are not copied to stand behind their prefix.
_JOINED_BYTES: Final = 64 * 1024
_PREFIX: Final = struct.Struct(">BI")
_WINDOW_BITS: Final = {b"gzip": 31, b"deflate": 15}
#: Pieces smaller than this are joined as they come: each would cost more than it holds.
_PIECE_BYTES: Final = 1024
#: Larger messages are put together as they come: to join them in the end would hold the loop.
_HUGE_BYTES: Final = 1024 * 1024


def prefix(message: bytes) -> bytes:
    """Return what comes before a message that is not compressed."""
    return _PREFIX.pack(0, len(message))


def write_message(stream: Stream, message: bytes, *, last: bool = False) -> None:
    """Send a message on a stream in its form on the wire."""
    if len(message) < _JOINED_BYTES:
        stream.write(prefix(message) + message, last=last)
    else:
        stream.write(prefix(message))
        stream.write(message, last=last)


def whole(data: bytes, limit: int | None) -> bytes | None:
    """Return the message that the data is, if it is exactly one, not compressed, and within the bound."""
    size = len(data) - PREFIX_BYTES
    if size < 0 or data[0] or int.from_bytes(data[1:PREFIX_BYTES], "big") != size:
        return None
    return None if limit is not None and size > limit else data[PREFIX_BYTES:]


class Messages:
    """
    Cuts the data of a stream into messages, and says how much of it is held no longer.

    What nobody has taken is held; a message that is still coming is, once another waits before it. So a
    stream holds a message and a window at most.
    """

    def __init__(self, limit: int | None, encoding: bytes = b"identity") -> None:
        self.ready: deque[tuple[bytes, int]] = deque()
        """Messages that are complete, with their size on the wire."""
        self.held: int = 0
        """Bytes that were received and not reported as free."""
        self._limit = limit
        self.encoding = encoding
        self._head = b""
        self._compressed = False
        self._size = -1
        self._missing = 0
        self._pieces: list[bytes | bytearray] = []
        self._huge: BytesIO | None = None

    @property
    def incomplete(self) -> bool:
        """Whether a message has begun and not ended."""
        return bool(self._head) or self._size >= 0

    def feed(self, data: bytes) -> int:
        """
        Take data and return how much of what was held is free.

        Raises:
            StatusError: a message is too large, or cannot be decompressed.
        """
        self.held += len(data)
        at = 0
        while at < len(data) or self._size == 0:
            at = self._begin(data, at) if self._size < 0 else self._go_on(data, at)
        return 0 if self.ready else self.free()

    def take(self) -> tuple[bytes, int]:
        """Return the next message, and how much of what was held is free."""
        message, size = self.ready.popleft()
        if not self.ready:
            return message, self.free()
        freed = min(size, self.held)
        self.held -= freed
        return message, freed

    def free(self) -> int:
        """Hold nothing any longer, and return how much it was."""
        held, self.held = self.held, 0
        return held

    def _begin(self, data: bytes, at: int) -> int:
        """Read the prefix, which may come in pieces."""
        end = at + PREFIX_BYTES - len(self._head)
        self._head += data[at:end]
        if len(self._head) == PREFIX_BYTES:
            flag, size = _PREFIX.unpack(self._head)
            self._head = b""
            if flag > 1:
                raise StatusError(Code.INTERNAL, f"a message begins with the byte {flag}, which is no gRPC")
            if self._limit is not None and size > self._limit:
                raise _too_large(str(size), self._limit)
            self._compressed, self._size, self._missing = bool(flag), size, size
            if size > _HUGE_BYTES:
                self._huge = BytesIO()
        return min(end, len(data))

    def _go_on(self, data: bytes, at: int) -> int:
        piece = data if at == 0 and len(data) <= self._missing else data[at : at + self._missing]
        self._missing -= len(piece)
        self._keep(piece)
        if not self._missing:
            size, self._size = self._size, -1
            message = self._put_together()
            if self._compressed:
                message = self._decompressed(message)
            self.ready.append((message, PREFIX_BYTES + size))
        return at + len(piece)

    def _put_together(self) -> bytes:
        if self._huge is not None:
            huge, self._huge = self._huge, None
            return huge.getvalue()
        pieces, self._pieces = self._pieces, []
        return bytes(pieces[0]) if len(pieces) == 1 else b"".join(pieces)

    def _keep(self, piece: bytes) -> None:
        if self._huge is not None:
            self._huge.write(piece)
        elif len(piece) >= _PIECE_BYTES or not self._missing:
            self._pieces.append(piece)
        elif self._pieces and isinstance(self._pieces[-1], bytearray):
            self._pieces[-1] += piece
        else:
            self._pieces.append(bytearray(piece))

    def _decompressed(self, message: bytes) -> bytes:
        bits = _WINDOW_BITS.get(self.encoding)
        if bits is None:
            name = self.encoding.decode("latin-1")
            raise StatusError(Code.INTERNAL, f"a message is compressed, and its encoding is {name}")
        unpacking = zlib.decompressobj(wbits=bits)
        try:  # one byte more than is allowed tells that it is too many; 0 is no bound
            unpacked = unpacking.decompress(message, 0 if self._limit is None else self._limit + 1)
        except zlib.error as error:
            raise StatusError(Code.INTERNAL, f"a message cannot be decompressed: {error}") from error
        if self._limit is not None and len(unpacked) > self._limit:
            raise _too_large(f"more than {self._limit}", self._limit)
        if not unpacking.eof:
            raise StatusError(Code.INTERNAL, "a message cannot be decompressed: it is cut off")
        return unpacked


def understood(encoding: bytes) -> bool:
    """Return whether messages of this encoding can be read."""
    return encoding == b"identity" or encoding in _WINDOW_BITS


def _too_large(size: str, limit: int) -> StatusError:
    return StatusError(
        Code.RESOURCE_EXHAUSTED, f"the message has {size} bytes, at most {limit} may be received"
    )
