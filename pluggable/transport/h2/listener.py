"""Accepting connections on addresses."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from typing import Final

from ngh2 import Role

from ..addresses import bound, host_and_port, joined, socket_path
from .bounds import Bounds
from .connection import Connection
from .endpoint import Endpoint

#: Who has not said by then that it speaks HTTP/2 is not waited for.
GREETING_SECONDS: Final = 20.0
#: How long a connection may take to write its last words.
_CLOSING_SECONDS: Final = 1.0
#: Connections accepted in one turn of the loop.
_AT_ONCE: Final = 64
#: How long to wait for files to become free when there are none left for a connection.
_RETRY_SECONDS: Final = 1.0

_LOG = logging.getLogger(__name__)


class Listener:
    """
    The addresses of a server, and the connections that were accepted there.

    It accepts by itself: a server of asyncio's leaks a connection that it accepted just before it was closed.
    """

    def __init__(self, bounds: Bounds, endpoint: Endpoint) -> None:
        self.connections: set[Connection] = set()
        self._bounds = bounds
        self._endpoint = endpoint
        self._sockets: list[socket.socket] = []
        self._paths: list[tuple[str, tuple[int, int]]] = []
        self._accepting: set[asyncio.Task[None]] = set()
        self._retries: dict[socket.socket, asyncio.TimerHandle] = {}
        self._greetings: dict[Connection, asyncio.TimerHandle] = {}
        self._empty = asyncio.Event()

    async def listen(self, address: str, kept: socket.socket | None = None) -> str:
        """
        Bind an address and return it with the real port in place of 0; who connects waits.

        ``kept`` is a socket that listens there already, and becomes the listener's.

        Raises:
            OSError: it cannot be bound; the text names the address and the reason.
        """
        if kept is not None:
            kept.setblocking(False)
        sockets = [kept] if kept is not None else await bound(address)
        self._sockets += sockets
        path = socket_path(address)
        if path is not None:
            self._paths.append((path, _identity(path)))
            return address
        host, _ = host_and_port(address)
        return joined(host, sockets[0].getsockname()[1])

    def start(self) -> None:
        """
        Accept.

        Raises:
            RuntimeError: there is no address.
        """
        if not self._sockets:
            raise RuntimeError("the server has no address; call listen first")
        for listening in self._sockets:
            self._watch(listening)

    async def left(self) -> None:
        """Wait until there is no connection."""
        while self.connections:
            self._empty.clear()
            await self._empty.wait()

    def stop(self) -> None:
        """Accept no more, and let go of the addresses; who is connected stays."""
        loop = asyncio.get_running_loop()
        for timer in self._retries.values():
            timer.cancel()
        for listening in self._sockets:
            loop.remove_reader(listening)
            listening.close()
        self._sockets.clear()
        for path, identity in self._paths:
            with contextlib.suppress(FileNotFoundError):
                if _identity(path) == identity:
                    os.unlink(path)
        self._paths.clear()

    async def close(self, reason: str) -> None:
        """Close every connection and wait until they have gone."""
        self.stop()
        if self._accepting:
            await asyncio.wait(self._accepting)
        for connection in tuple(self.connections):
            connection.close(reason)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLOSING_SECONDS):
                await self.left()
        for connection in tuple(self.connections):  # those whose peer does not read
            connection.transport.abort()
        await self.left()

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
        if not self.connections:
            self._empty.set()

    def _watch(self, listening: socket.socket) -> None:
        asyncio.get_running_loop().add_reader(listening, self._accept, listening)

    def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(_AT_ONCE):
            try:
                accepted, _ = listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                _LOG.error("no connection can be accepted: %s; trying again", error.strerror)
                loop.remove_reader(listening)
                self._retries[listening] = loop.call_later(_RETRY_SECONDS, self._watch, listening)
                return
            task = loop.create_task(self._connect(accepted))
            self._accepting.add(task)
            task.add_done_callback(self._accepting.discard)

    async def _connect(self, accepted: socket.socket) -> None:
        accepted.setblocking(False)
        try:
            await asyncio.get_running_loop().connect_accepted_socket(self._connection, accepted)
        except OSError:  # its peer has gone already
            accepted.close()

    def _connection(self) -> Connection:
        return Connection(Role.SERVER, self._bounds, self._endpoint)


def _identity(path: str) -> tuple[int, int]:
    about = os.lstat(path)
    return about.st_dev, about.st_ino
