"""A request's body on its way to a handler that reads it while it comes."""

from __future__ import annotations

from typing import Final, Protocol

from ...bodies import AHEAD_BYTES, BodyStream
from ...http1 import RequestReader, UnreadableError
from .request import Request

#: How long such a body may come without a byte of it, while somebody waits for one: a feed may be slow.
STREAMED_SECONDS: Final = 300.0


class Taking(Protocol):
    """The connection, as far as a body needs it."""

    def pause(self) -> None:
        """Read no more from the client."""

    def resume(self) -> None:
        """Read on, unless something else forbids it."""

    def limit(self, seconds: float) -> None:
        """Have ``expired`` called in so many seconds."""

    def relax(self) -> None:
        """Take the limit back."""


class Upload:
    """Takes a body off a reader, and the client's sending as far as somebody reads."""

    __slots__ = ("_connection", "_reader", "done", "stream")

    def __init__(self, connection: Taking, reader: RequestReader[Request]) -> None:
        self.stream: BodyStream = BodyStream(self._taken)
        self.done: bool = False
        """Whether all of it has come; if it failed, nothing behind it can be read."""
        self._connection = connection
        self._reader = reader

    def more(self) -> None:
        """Hand on what has come."""
        try:
            pieces, self.done = self._reader.more()
        except UnreadableError as error:
            self.fail(error)
            return
        for piece in pieces:
            self.stream.feed(piece)
        if self.done:
            self.stream.end()
            self._connection.relax()
        elif self.stream.waiting > AHEAD_BYTES:
            self._connection.pause()
            self._connection.relax()
        else:
            self._connection.limit(STREAMED_SECONDS)

    def fail(self, error: Exception) -> None:
        """Let the handler meet an error; no more is taken."""
        self._connection.relax()
        self.stream.fail(error)

    def _taken(self, size: int) -> None:  # noqa: ARG002  what waits is what counts
        if not (self.done or self.stream.ended) and self.stream.waiting <= AHEAD_BYTES // 2:
            self._connection.resume()
            self._connection.limit(STREAMED_SECONDS)
