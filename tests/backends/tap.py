"""A tap before a server: carries both ways, and keeps what the clients said."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

_CHUNK: Final = 65536
_SECONDS: Final = 60.0


class Tap:
    """What each connection's client said so far, in the order in which they connected."""

    def __init__(self) -> None:
        self.said: list[bytearray] = []
        self.port = 0
        self._news = asyncio.Condition()

    @classmethod
    @asynccontextmanager
    async def before(cls, port: int) -> AsyncIterator[Tap]:
        """Listen, and lead every connection to this port."""
        tap = cls()
        carrying = asyncio.TaskGroup()

        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            mine = bytearray()
            tap.said.append(mine)
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
            async with asyncio.TaskGroup() as both:
                both.create_task(tap._carry(reader, far_writer, mine))
                both.create_task(tap._carry(far_reader, writer, bytearray()))

        async with carrying:
            server = await asyncio.start_server(
                lambda reader, writer: carrying.create_task(accept(reader, writer)) and None, "127.0.0.1", 0
            )
            tap.port = server.sockets[0].getsockname()[1]
            try:
                yield tap
            finally:
                server.close()

    async def until(self, enough: Callable[[], bool]) -> None:
        """Wait until what was said is enough."""
        async with asyncio.timeout(_SECONDS), self._news:
            await self._news.wait_for(enough)

    async def _carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, kept: bytearray) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await source.read(_CHUNK):
                async with self._news:
                    kept += data
                    self._news.notify_all()
                sink.write(data)
                await sink.drain()
        sink.close()
        with contextlib.suppress(ConnectionError):
            await sink.wait_closed()
