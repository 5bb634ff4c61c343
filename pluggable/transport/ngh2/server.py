"""The answering end on HTTP/2 of our own."""

from __future__ import annotations

import asyncio
import socket
from typing import Final

from ..calls import Handler, Handlers, ServerStream, Stream as StreamCalls, StreamHandler, Unary
from ..h2 import Bounds, Connection, Fields, Listener, Stream
from ..inplace import InPlace
from ..limits import Limits
from ..server import Server
from ..status import Code, StatusError
from .handling import Refused, StreamIncoming, UnaryIncoming
from .heads import Heads, NoGrpcError, RefusedError
from .incoming import Incoming
from .statuses import RESPONSE, trailers_of

_CLOSING: Final = "the server is closing"
#: How long peers may take to learn that no new calls are welcome, before those are refused.
_NOTICE_SECONDS: Final = 1.0


class Ngh2Server(Server):
    """
    A server on libnghttp2 and the running loop.

    A handler begins in place, when its request is there, and is a task only if it waits.
    """

    def __init__(
        self,
        handlers: Handlers,
        *,
        unknown: StreamHandler | None,
        limits: Limits,
        bounds: Bounds | None = None,
    ) -> None:
        bounds = bounds or Bounds()
        self.limits = limits
        self.at_work: set[Incoming] = set()
        self.in_place: InPlace
        self._handlers = dict(handlers)
        self._unknown: Handler = StreamCalls(unknown or _refuse)
        self._heads = Heads(bounds.header_list_bytes)
        self._listener = Listener(bounds, self)
        self._started = False
        self._idle = asyncio.Event()

    async def listen(self, address: str, kept: socket.socket | None = None) -> str:
        return await self._listener.listen(address, kept)

    async def start(self) -> None:
        self.in_place = InPlace()
        self._started = True
        self._listener.start()

    @property
    def connections(self) -> int | None:
        return len(self._listener.connections)

    async def drain(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._listener.left()
        except TimeoutError:
            return

    async def close(self, grace_seconds: float = 0.0) -> None:
        self._listener.stop()
        if grace_seconds > 0:
            await self._calls_end(grace_seconds)
        for call in tuple(self.at_work):
            call.cut(StatusError(Code.UNAVAILABLE, _CLOSING))
        await self._listener.close(_CLOSING)
        while self.at_work:  # their calls have ended, and what they do about it has not
            self._idle.clear()
            await self._idle.wait()
        if self._started:
            self.in_place.close()

    async def _calls_end(self, seconds: float) -> None:
        """Ask for no more calls, and wait for those that there are."""
        for connection in self._listener.connections:
            connection.leave(_NOTICE_SECONDS)
        try:
            async with asyncio.timeout(seconds):
                await self._listener.left()
        except TimeoutError:
            return

    def left(self, call: Incoming) -> None:
        """Take note that a handler that waited is at work no more."""
        self.at_work.discard(call)
        if not self.at_work:
            self._idle.set()

    # what the listener's connections tell

    def made(self, connection: Connection) -> None:
        """Count a connection."""
        self._listener.made(connection)

    def settled(self, connection: Connection) -> None:
        """Take note that the peer speaks HTTP/2."""
        self._listener.settled(connection)

    def going_away(self, connection: Connection, code: int) -> None:
        """Leave a peer that goes to close the connection when its calls have ended."""

    def lost(self, connection: Connection, reason: str) -> None:  # noqa: ARG002  its calls know it
        """Count a connection no more."""
        self._listener.lost(connection)

    def accept(self, connection: Connection, number: int, fields: Fields) -> Stream:
        """Make the call that a request is."""
        try:
            head, timeout = self._heads.of(fields)
        except NoGrpcError as error:
            return Refused(connection, number, [(b":status", b"%d" % error.status)])
        except RefusedError as error:
            trailers = trailers_of(error, error.metadata, connection.peer_header_bytes)
            return Refused(connection, number, [*RESPONSE, *trailers])
        handler = self._handlers.get(head.method, self._unknown)
        if isinstance(handler, Unary):
            return UnaryIncoming(self, connection, number, head, timeout, handler.handle)
        return StreamIncoming(self, connection, number, head, timeout, handler.handle)


async def _refuse(stream: ServerStream) -> None:
    service, _, name = stream.method.strip("/").rpartition("/")
    raise StatusError(Code.UNIMPLEMENTED, f"unknown method {name} for service {service}")
