"""A stream of bytes in segments of one size, each worked on by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from ..errors.crypto import CryptoOperationError

SEGMENT_BYTES: Final = 64 * 1024
TAG_BYTES: Final = 16
MOST_SEGMENTS: Final = 2**32

#: Called with a segment's number, its bytes, and whether it is the last.
Work = Callable[[int, bytes, bool], bytes]


class Segments:
    """
    Cuts what comes into segments, holding one back: which is the last is known at the end only.

    It holds what it was given and has not worked on yet, and nothing else.
    """

    def __init__(self, size: int, work: Work) -> None:
        self._size = size
        self._work = work
        self._rest = bytearray()
        self._number = 0

    def take(self, data: bytes | memoryview) -> Iterator[bytes]:
        """
        Yield the segments that have become complete, worked on one by one as they are asked for.

        Raises:
            CryptoOperationError: there are more than the scheme can number.
        """
        view, at = memoryview(data), 0
        while len(self._rest) + len(view) - at > self._size:
            if self._number + 1 >= MOST_SEGMENTS:
                raise CryptoOperationError("input stream is too large")
            end = at + self._size - len(self._rest)
            segment = bytes(self._rest + view[at:end])
            self._rest.clear()
            at = end
            yield self._worked(segment, last=False)
        self._rest += view[at:]

    def finish(self) -> Iterator[bytes]:
        """Yield the last segment; none if nothing came."""
        if self._rest:
            yield self._worked(bytes(self._rest), last=True)

    def _worked(self, segment: bytes, *, last: bool) -> bytes:
        done = self._work(self._number, segment, last)
        self._number += 1
        return done
