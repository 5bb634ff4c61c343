"""Cutting what a process writes into lines."""

from __future__ import annotations

from typing import Final

#: A line that is longer is passed on in pieces.
LINE_BYTES: Final = 64 * 1024


class Lines:
    """What has come of one output and is not a whole line yet."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> list[str]:
        """Take what came, and return the lines that it completes."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if len(self._rest) > LINE_BYTES:
            lines += self._taken()
        return [line.decode(errors="replace") for line in lines]

    def last(self) -> list[str]:
        """Return what is left at the end: a line that nobody ended, or nothing."""
        return [line.decode(errors="replace") for line in self._taken()]

    def _taken(self) -> list[bytes]:
        rest, self._rest = self._rest, b""
        return [rest] if rest else []
