"""Bodies in pieces between the client and a server: an answer's, and a request's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, Self

from ..bodies import Pieces


class ConnectionEndedError(Exception):
    """The connection ended before the answer did; ``sent`` says that the request may have arrived."""

    def __init__(self, *, sent: bool, answer_begun: bool) -> None:
        super().__init__("the connection ended")
        self.sent = sent
        self.answer_begun = answer_begun


@dataclass(frozen=True, slots=True)
class Streamed:
    """An answer whose body is still coming; header names are lower case, in the order they came."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: Pieces


class Giving(Protocol):
    """The connection, as far as a body needs it."""

    async def give(self, data: bytes) -> bool:
        """Write, wait until the server may be sent more, and return whether it is still there."""


async def sent(body: Pieces, connection: Giving) -> bool:
    """Send a body in chunks, and return whether all of it went out; what nobody takes is given up."""
    try:
        async for piece in body:
            if not await connection.give(b"%x\r\n%b\r\n" % (len(piece), piece)):
                return False
        return await connection.give(b"0\r\n\r\n")
    finally:
        await body.aclose()


class Held(Pieces):
    """The body of an answer, which holds what it comes from until it ends or is given up."""

    def __init__(
        self, body: Pieces, released: Callable[[], None], lost: Callable[[ConnectionEndedError], Exception]
    ) -> None:
        self._body = body
        self._released: Callable[[], None] | None = released
        self._lost = lost

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        try:
            return await self._body.__anext__()
        except StopAsyncIteration:
            self._release()
            raise
        except ConnectionEndedError as error:
            self._release()
            raise self._lost(error) from error

    async def aclose(self) -> None:
        await self._body.aclose()
        self._release()

    def _release(self) -> None:
        released, self._released = self._released, None
        if released is not None:
            released()
