"""Accepting connections on addresses."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from typing import Final

from ngh2 import Role

from ..addresses import bound, host_and_port, joined, socket_path
from .bounds import Bounds
from .connection import Connection, Endpoint

#: Who has not said by then that it speaks HTTP/2 is not waited for.
GREETING_SECONDS: Final = 20.0
#: How long a connection may take to write its last words.
_CLOSING_SECONDS: Final = 1.0


class Listener:
    """The addresses of a server, and the connections that were accepted there."""

    def __init__(self, bounds: Bounds, endpoint: Endpoint) -> None:
        self.connections: set[Connection] = set()
        self._bounds = bounds
        self._endpoint = endpoint
        self._sockets: list[socket.socket] = []
        self._paths: list[tuple[str, tuple[int, int]]] = []
        self._servers: list[asyncio.Server] = []
        self._greetings: dict[Connection, asyncio.TimerHandle] = {}
        self._empty: asyncio.Event | None = None

    async def listen(self, address: str) -> str:
        """
        Bind an address and return it with the real port in place of 0; who connects waits.

        Raises:
            OSError: it cannot be bound; the text names the address and the reason.
        """
        sockets = await bound(address)
        self._sockets += sockets
        path = socket_path(address)
        if path is not None:
            self._paths.append((path, _identity(path)))
            return address
        host, _ = host_and_port(address)
        return joined(host, sockets[0].getsockname()[1])

    async def start(self) -> None:
        """
        Accept.

        Raises:
            RuntimeError: there is no address.
        """
        if not self._sockets and not self._servers:
            raise RuntimeError("the server has no address; call listen first")
        loop = asyncio.get_running_loop()
        while self._sockets:
            listening = self._sockets.pop()
            create = loop.create_unix_server if listening.family == socket.AF_UNIX else loop.create_server
            self._servers.append(await create(self._connection, sock=listening))

    async def left(self) -> None:
        """Wait until there is no connection."""
        while self.connections:
            self._empty = asyncio.Event()
            await self._empty.wait()

    def stop(self) -> None:
        """Accept no more, and let go of the addresses; who is connected stays."""
        for server in self._servers:
            server.close()
        for listening in self._sockets:
            listening.close()
        self._sockets.clear()
        for path, identity in self._paths:
            with contextlib.suppress(FileNotFoundError):
                if _identity(path) == identity:
                    os.unlink(path)
        self._paths.clear()

    async def close(self, reason: str) -> None:
        """Close every connection and wait until they have gone, and the addresses with them."""
        self.stop()
        connections = list(self.connections)
        for connection in connections:
            connection.close(reason)
        if connections:
            _, late = await asyncio.wait([c.over for c in connections], timeout=_CLOSING_SECONDS)
            for connection in connections:
                if connection.over in late:
                    connection.transport.abort()
            await asyncio.gather(*late)
        servers, self._servers = self._servers, []
        await asyncio.gather(*(server.wait_closed() for server in servers))

    def made(self, connection: Connection) -> None:
        """Count a connection."""
        self.connections.add(connection)
        loop = asyncio.get_running_loop()
        self._greetings[connection] = loop.call_later(
            GREETING_SECONDS, connection.close, f"it said nothing for {GREETING_SECONDS:g} s"
        )

    def settled(self, connection: Connection) -> None:
        """Wait no longer for its first words."""
        if (timer := self._greetings.pop(connection, None)) is not None:
            timer.cancel()

    def lost(self, connection: Connection) -> None:
        """Count a connection no more."""
        self.settled(connection)
        self.connections.discard(connection)
        if not self.connections and self._empty is not None:
            self._empty.set()

    def _connection(self) -> Connection:
        return Connection(Role.SERVER, self._bounds, self._endpoint)


def _identity(path: str) -> tuple[int, int]:
    about = os.lstat(path)
    return about.st_dev, about.st_ino
