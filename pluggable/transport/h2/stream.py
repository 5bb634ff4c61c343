"""One stream of a connection: what it is told, and what it may do."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Final

from ngh2 import ErrorCode, NGH2Error

if TYPE_CHECKING:
    from .connection import Connection

#: A header list, names in lower case, in the order of the wire.
Fields = tuple[tuple[bytes, bytes], ...]

#: What may wait here to be framed before a sender has to wait too.
SEND_BUFFER: Final = 64 * 1024


class Stream(ABC):
    """
    One exchange, told by its connection of what comes, in order, and of its end, once.

    Nothing that it is told may raise. What it sends is written with all else of the same turn of the loop;
    once the stream has ended, which ``on_close`` may be yet to tell, it is dropped.
    """

    # What most streams never change is the class's: they are made by the thousand.
    peer_ended: bool = False
    """The peer will send no more."""
    ended: bool = False
    """We will send no more."""
    closed: bool = False
    """Nothing can be sent or received any more."""
    room: asyncio.Future[None] | None = None
    peer_reset: bool = False
    """The peer has reset the stream."""

    def __init__(self, connection: Connection, number: int) -> None:
        self.connection = connection
        self.number = number

    @abstractmethod
    def on_headers(self, fields: Fields) -> None:
        """Take a header list that is not the last of its message; of a client's streams the response's."""

    @abstractmethod
    def on_data(self, data: bytes) -> None:
        """Take data; say by ``consumed`` when the peer may send as much again."""

    @abstractmethod
    def on_end(self, trailers: Fields) -> None:
        """Take the end of what the peer sends; ``peer_ended`` is set."""

    @abstractmethod
    def on_close(self, code: int | None, reason: str) -> None:
        """
        Take the end of the stream, which may come without that of its message.

        The code is HTTP/2's, ``None`` when the connection is lost.
        """

    def respond(self, fields: list[tuple[bytes, bytes]], *, last: bool = False) -> None:
        """Send a server's response headers; ``last`` ends the message with them."""
        self.ended = last
        try:
            self.connection.engine.send_response(self.number, fields, end_stream=last)
        except NGH2Error:
            return
        self.connection.touched(self)

    def write(self, data: bytes, *, last: bool = False) -> None:
        """Send data, however much waits already: ask ``has_room`` first, or wait for ``roomy``."""
        self.ended = last
        try:
            self.connection.engine.send_data(self.number, data, end_stream=last)
        except NGH2Error:
            return
        self.connection.touched(self)

    def write_trailers(self, fields: list[tuple[bytes, bytes]]) -> None:
        """Send the last header list."""
        self.ended = True
        try:
            self.connection.engine.send_trailers(self.number, fields)
        except NGH2Error:
            return
        self.connection.touched(self)

    def write_end(self) -> None:
        """Send no more."""
        self.ended = True
        try:
            self.connection.engine.end_stream(self.number)
        except NGH2Error:
            return
        self.connection.touched(self)

    def reset(self, code: int = ErrorCode.CANCEL) -> None:
        """End both directions now; what was not written is dropped, and ``on_close`` is not called."""
        if not self.closed:
            self.connection.drop(self)
            try:
                self.connection.engine.reset_stream(self.number, code)
            except NGH2Error:
                return
            self.connection.touched(self)

    def consumed(self, size: int) -> None:
        """Let the peer send so many bytes more, which were received and are not held any longer."""
        if size and self.connection.alive:
            try:
                self.connection.engine.acknowledge_received_data(size, self.number)
            except NGH2Error:
                return
            self.connection.touched(self)

    @property
    def has_room(self) -> bool:
        """Whether what waits to be written is less than a sender has to wait for."""
        connection = self.connection
        return connection.writable and connection.engine.queued_body_size(self.number) <= SEND_BUFFER

    async def roomy(self) -> None:
        """Wait until there is room, or until the stream is closed."""
        while not self.closed and not self.has_room:
            room = self.room = asyncio.get_running_loop().create_future()
            self.connection.wants_room(self)
            try:
                await room
            finally:
                self.room = None

    def wake(self) -> None:
        """Let who waits for room look again."""
        if self.room is not None and not self.room.done():
            self.room.set_result(None)
