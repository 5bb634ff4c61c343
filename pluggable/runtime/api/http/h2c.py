"""The HTTP server's connections that speak HTTP/2 in clear text."""

from __future__ import annotations

import asyncio
import base64
from typing import Any, cast

import ngh2
from ngh2 import Role

from ....transport.h2 import Bounds, Connection, Fields, Stream
from ...http1 import LongHeadError
from .exchange import Exchange, Serving, request_of
from .request import Request

#: How many requests a client may have under way on one connection; as many as Go's server takes.
STREAMS = 250
#: What a body may be ahead of us; all of it is read at once, so that it costs no waiting.
STREAM_WINDOW = 256 * 1024
CONNECTION_WINDOW = 1024 * 1024
#: Until when the client has to have said all of its greeting.
GREETING_SECONDS = 10.0
#: How long a client may take to learn that no new requests are welcome, before those are refused.
NOTICE_SECONDS = 1.0
#: A head so many times too long is answered, one that is longer ends the connection.
_ANSWERED_HEADS = 4
_SWITCHING = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
_CLOSING = "the server is closing"


class H2C:
    """Makes exchanges of what HTTP/2's streams bring, for one server."""

    def __init__(self, server: Serving) -> None:
        self._server = server
        self._bounds = Bounds(
            streams=STREAMS,
            stream_window=STREAM_WINDOW,
            connection_window=CONNECTION_WINDOW,
            header_list_bytes=_ANSWERED_HEADS * server.max_head_bytes,
        )
        self._connections: dict[Connection, Greeting] = {}
        self._at_work: set[Exchange] = set()

    def take(self, transport: asyncio.Transport, data: bytes) -> None:
        """Go on with HTTP/2 on a transport, with what has come of it."""
        connection = self._connection()
        transport.set_protocol(connection)
        connection.connection_made(transport)
        connection.data_received(data)

    def upgrade(self, transport: asyncio.Transport, request: Request) -> bool:
        """Go on with HTTP/2 and answer a request there that asked for it; return whether that can be done."""
        try:
            settings = base64.urlsafe_b64decode(request.headers["http2-settings"] + "==")
            ngh2.Connection(Role.SERVER).initiate_upgrade(settings)
        except (ValueError, ngh2.NGH2Error):  # as if it had not asked
            return False
        transport.write(_SWITCHING)
        connection = self._connection()
        transport.set_protocol(connection)
        engine = connection.engine
        connection.engine = cast("ngh2.Connection", Upgrading(engine, settings, request.method == "HEAD"))
        connection.connection_made(transport)
        connection.engine = engine
        exchange = connection.streams[1] = Exchange(self, self._server, connection, 1, request)
        exchange.peer_ended = True
        exchange.start()
        return True

    def _connection(self) -> Connection:
        """Return a connection that is counted, and whose greeting is waited for."""
        connection = Connection(Role.SERVER, self._bounds, self)
        greeting = self._connections[connection] = Greeting(connection)
        self._server.watch.expect(greeting, GREETING_SECONDS)
        return connection

    @property
    def over(self) -> bool:
        """Whether there is no connection, and no handler at work."""
        return not (self._connections or self._at_work)

    def drain(self) -> None:
        """Ask for no more requests; connections close when those that there are have been answered."""
        for connection in self._connections:
            connection.leave(NOTICE_SECONDS)

    def abort(self) -> None:
        """Close every connection now."""
        for connection in tuple(self._connections):
            connection.close(_CLOSING)
            connection.transport.abort()

    # what exchanges tell

    def began(self, exchange: Exchange) -> None:
        """Take note that a handler waits for something."""
        self._at_work.add(exchange)

    def left(self, exchange: Exchange) -> None:
        """Take note that it waits no more."""
        self._at_work.discard(exchange)
        self._server.changed()

    # what connections tell

    def made(self, connection: Connection) -> None:
        """Have a connection counted when it is made, which may settle it at once."""

    def settled(self, connection: Connection) -> None:
        """Take note that the peer speaks HTTP/2."""
        self._server.watch.relax(self._connections[connection])

    def accept(self, connection: Connection, number: int, fields: Fields) -> Stream:
        """Make the exchange that a request begins."""
        exchange = Exchange(self, self._server, connection, number, request_of(fields))
        most = self._server.max_head_bytes
        if sum(len(name) + len(value) + 4 for name, value in fields) > most:
            error = LongHeadError(f"longer than the {most} bytes taken")
            connection.later(lambda: exchange.refuse(error))
        else:
            exchange.expect_body()
        return exchange

    def going_away(self, connection: Connection, code: int) -> None:
        """Leave a client that goes to close the connection when its requests have been answered."""

    def lost(self, connection: Connection, reason: str) -> None:  # noqa: ARG002  its exchanges know it
        """Count a connection no more."""
        self._server.watch.relax(self._connections.pop(connection))
        self._server.changed()


class Greeting:
    """The first words of a connection, for which there is a limit."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def expired(self) -> None:
        """Close, since the peer does not speak HTTP/2 after all."""
        self._connection.close(f"no greeting came in {GREETING_SECONDS:g} s")


class Upgrading:
    """An engine whose connection begins with the request that asked for it."""

    def __init__(self, engine: ngh2.Connection, settings: bytes, head: bool) -> None:
        self._engine = engine
        self._settings = settings
        self._head = head

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def initiate_connection(self, settings: dict[int, int]) -> None:
        """Begin with what the client has said in HTTP/1.1."""
        self._engine.initiate_upgrade(self._settings, local_settings=settings, head_request=self._head)
