"""The HTTP server: listens, hands requests to one function, closes without cutting off."""

from __future__ import annotations

import asyncio
import importlib.util
import socket
from collections.abc import Callable
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ...http1 import Blocks, RequestReader
from .connection import Connection
from .heads import Heads
from .owner import Handle
from .request import Request
from .slow import Watch
from .starting import Starting, starting
from .turn import Turn

if TYPE_CHECKING:
    from .h2c import H2C

#: What Go's server, and so daprd, allows over the buffer that is configured.
SLOP_BYTES = 4096


class HTTPServer:
    """
    Answers requests with ``handle``, on one or more addresses; leaving the ``async with`` closes.

    It speaks HTTP/1.1, and HTTP/2 with who begins with that. ``max_body_bytes`` is the largest body taken,
    ``read_buffer_bytes`` the largest head. Where ``streams`` is true of a request that does not say how
    long its body is, that is handed on as it comes.
    """

    def __init__(
        self,
        handle: Handle,
        *,
        max_body_bytes: int,
        read_buffer_bytes: int = 4096,
        streams: Callable[[Request], bool] | None = None,
    ) -> None:
        self.handle = handle
        self.streams = streams
        self.max_body_bytes = max_body_bytes
        self.max_head_bytes: int = read_buffer_bytes + SLOP_BYTES
        self.heads: Heads = Heads()
        self.watch: Watch = Watch()
        self.turn: Turn = Turn()
        self._blocks = Blocks()
        self._h2c: H2C | None = None
        self._listening: list[asyncio.Server] = []
        self._connections: set[Connection] = set()
        self._at_work: set[Connection] = set()
        self._changed = asyncio.Event()

    @cached_property
    def starting(self) -> Starting:
        """Begins handlers."""
        return starting()

    async def listen(self, host: str, port: int, kept: socket.socket | None = None) -> tuple[str, int]:
        """
        Bind the address and answer on it; return it with the real port in place of 0.

        ``kept`` is a socket that listens there already, and becomes the server's.

        Raises:
            OSError: the address is taken or not ours; the text names it.
        """
        loop = asyncio.get_running_loop()
        where = {"host": host, "port": port} if kept is None else {"sock": kept}
        server = await loop.create_server(lambda: Connection(self), backlog=1024, **where)
        self._listening.append(server)
        return host, server.sockets[0].getsockname()[1]

    async def close(self, grace_seconds: float = 0.0) -> None:
        """Take no new connection, answer what is under way within the grace, cut off the rest."""
        for server in self._listening:
            server.close()
        for connection in list(self._connections):
            connection.drain()
        if self._h2c is not None:
            self._h2c.drain()
        if grace_seconds > 0:
            try:
                async with asyncio.timeout(grace_seconds):
                    await self.left()
            except TimeoutError:
                pass
        for connection in list(self._connections):
            connection.abort()
        if self._h2c is not None:
            self._h2c.abort()
        await self.left()
        for server in self._listening:
            await server.wait_closed()
        self._listening.clear()
        self.watch.close()
        self.starting.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def left(self) -> None:
        """Wait until there is no connection, and no handler at work."""
        while self._connections or self._at_work or not (self._h2c is None or self._h2c.over):
            self._changed.clear()
            await self._changed.wait()

    # what connections ask and tell

    def reader(self) -> RequestReader[Request]:
        """Return what reads a connection's requests."""
        return RequestReader(
            self._blocks,
            Request,
            max_head_bytes=self.max_head_bytes,
            max_body_bytes=self.max_body_bytes,
            streams=self.streams,
        )

    def opened(self, connection: Connection) -> None:
        """Count a connection in."""
        self._connections.add(connection)

    def closed(self, connection: Connection) -> None:
        """Count a connection out."""
        self._connections.discard(connection)
        self.changed()

    def began(self, connection: Connection) -> None:
        """Take note that a handler of the connection waits for something."""
        self._at_work.add(connection)

    def idle(self, connection: Connection) -> None:
        """Take note that it waits no more."""
        self._at_work.discard(connection)
        self.changed()

    def changed(self) -> None:
        """Look again, if the server is closing, whether anything is left."""
        self._changed.set()

    def switch(self, transport: asyncio.Transport, data: bytes) -> bool:
        """Go on with HTTP/2 on this transport, with what has come; return whether that can be done."""
        h2c = self._http2()
        if h2c is not None:
            h2c.take(transport, data)
        return h2c is not None

    def upgrade(self, transport: asyncio.Transport, request: Request) -> bool:
        """Answer a request over HTTP/2, as it asks to, and go on so; return whether that can be done."""
        h2c = self._http2()
        return h2c is not None and h2c.upgrade(transport, request)

    def _http2(self) -> H2C | None:
        if self._h2c is None:
            if importlib.util.find_spec("ngh2") is None:
                return None
            from .h2c import H2C  # only who meets HTTP/2 pays for it

            self._h2c = H2C(self)
        return self._h2c
