"""A body that is held whole, as far as it has come."""

from __future__ import annotations

from io import BytesIO
from typing import Final

#: A longer body grows in place: joining it at its end would hold up all others meanwhile.
LONG_BYTES: Final = 1024 * 1024


class Gathered:
    """Takes the pieces of a body; a short one that comes in one piece is never copied."""

    __slots__ = ("_long", "_pieces", "_size")

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._long: BytesIO | None = None
        self._size = 0

    def __bool__(self) -> bool:
        return self._size > 0

    def append(self, piece: bytes) -> None:
        """Take the next piece."""
        self._size += len(piece)
        if self._size <= LONG_BYTES:
            self._pieces.append(piece)
            return
        if self._long is None:
            self._long = BytesIO()
            self._long.writelines(self._pieces)
            self._pieces = []
        self._long.write(piece)

    def drain(self) -> list[bytes]:
        """Return what has come, in pieces, and begin anew."""
        pieces = self._pieces if self._long is None else [self._long.getvalue()]
        self._pieces, self._long, self._size = [], None, 0
        return pieces

    def take(self) -> bytes:
        """Return what has come, as one, and begin anew."""
        pieces = self.drain()
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)
