"""An HTTP/1.1 server: listens, hands requests to one function, closes without cutting off."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

from .connection import Connection, Handle
from .heads import Heads

#: What Go's server, and so daprd, allows over the buffer that is configured.
SLOP_BYTES = 4096


class HTTPServer:
    """
    Answers requests with ``handle``, on one or more addresses; leaving the ``async with`` closes.

    ``max_body_bytes`` is the largest body taken, ``read_buffer_bytes`` the largest head.
    """

    def __init__(self, handle: Handle, *, max_body_bytes: int, read_buffer_bytes: int = 4096) -> None:
        self.handle = handle
        self.max_body_bytes = max_body_bytes
        self.max_head_bytes: int = read_buffer_bytes + SLOP_BYTES
        self.heads: Heads = Heads()
        self._listening: list[asyncio.Server] = []
        self._connections: set[Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._empty = asyncio.Event()
        self._empty.set()

    async def listen(self, host: str, port: int) -> tuple[str, int]:
        """
        Bind the address and answer on it; return it with the real port in place of 0.

        Raises:
            OSError: the address is taken or not ours; the text names it.
        """
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Connection(self), host, port, backlog=1024)
        self._listening.append(server)
        return host, server.sockets[0].getsockname()[1]

    async def close(self, grace_seconds: float = 0.0) -> None:
        """Take no new connection, answer what is under way within the grace, cut off the rest."""
        for server in self._listening:
            server.close()
        for connection in list(self._connections):
            connection.drain()
        if grace_seconds > 0:
            try:
                async with asyncio.timeout(grace_seconds):
                    await self._empty.wait()
            except TimeoutError:
                pass
        for connection in list(self._connections):
            connection.abort()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._empty.wait()
        for server in self._listening:
            await server.wait_closed()
        self._listening.clear()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def opened(self, connection: Connection) -> None:
        """Count a connection in."""
        self._connections.add(connection)
        self._empty.clear()

    def closed(self, connection: Connection) -> None:
        """Count a connection out."""
        self._connections.discard(connection)
        if not self._connections:
            self._empty.set()

    def began(self, task: asyncio.Task[None]) -> None:
        """Own a task until it ends."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
