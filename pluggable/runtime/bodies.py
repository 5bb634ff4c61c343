"""Bodies of requests and answers: whole, or in pieces as they come."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol, Self

from .gathered import Gathered

#: What of a body may wait here for who reads it; with more, its sender is not read from.
AHEAD_BYTES: Final = 256 * 1024


class Pieces(Protocol):
    """A body that comes in pieces; ``aclose`` says that nobody wants the rest."""

    def __aiter__(self) -> Self:
        """Return itself: a body is read once."""

    async def __anext__(self) -> bytes:
        """Return the next piece, which is not empty."""

    async def aclose(self) -> None:
        """Give up what is still to come; harmless when all has been read."""


Body = bytes | Pieces


class LongBodyError(Exception):
    """A body in pieces is longer than may be held."""

    def __init__(self, most_bytes: int) -> None:
        super().__init__(f"the body is longer than the {most_bytes} bytes taken")


class BodyStream(Pieces):
    """
    A body between the connection that it comes from and the one who reads it.

    ``taken`` is called with the size of each piece that was read, and of what was given up.
    """

    def __init__(self, taken: Callable[[int], None], closed: Callable[[], None] | None = None) -> None:
        self.waiting: int = 0
        """How many bytes nobody has read yet."""
        self.ended: bool = False
        """Whether nothing more comes."""
        self._pieces: deque[bytes] = deque()
        self._error: Exception | None = None
        self._news: asyncio.Future[None] | None = None
        self._taken = taken
        self._closed = closed

    # what the connection does

    def feed(self, piece: bytes) -> None:
        """Take what came; after the end it is dropped."""
        if self.ended:
            self._taken(len(piece))
        elif piece:
            self.waiting += len(piece)
            self._pieces.append(piece)
            self._tell()

    def end(self) -> None:
        """Take the end of the body."""
        self.ended = True
        self._tell()

    def fail(self, error: Exception) -> None:
        """Let who reads on meet this error, behind what has come."""
        if not self.ended:
            self._error = error
            self.end()

    # what its reader does

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        while not self._pieces:
            if self._error is not None:
                raise self._error
            if self.ended:
                raise StopAsyncIteration
            self._news = asyncio.get_running_loop().create_future()
            await self._news
        piece = self._pieces.popleft()
        self.waiting -= len(piece)
        self._taken(len(piece))
        return piece

    async def aclose(self) -> None:
        waiting, self.waiting = self.waiting, 0
        self._pieces.clear()
        if self._closed is not None and not self.ended:
            self.ended = True
            self._closed()
        self.ended = True
        if waiting:
            self._taken(waiting)

    def _tell(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)


async def whole(body: Body, most_bytes: int) -> bytes:
    """
    Return all of a body.

    Raises:
        LongBodyError: it is longer; what is left of it is given up.
    """
    if isinstance(body, bytes):
        return body
    gathered, size = Gathered(), 0
    async for piece in body:
        gathered.append(piece)
        size += len(piece)
        if size > most_bytes:
            await body.aclose()
            raise LongBodyError(most_bytes)
    return gathered.take()


async def close(body: Body) -> None:
    """Give up what nobody has read of a body."""
    if not isinstance(body, bytes):
        await body.aclose()
