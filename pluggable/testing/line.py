"""What stands between a component's socket and who connects to it, and can fail as a network does."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, Self

#: The most that is passed on at a time.
_PIECE_BYTES: Final = 65536


class Line:
    """Passes bytes on between those who connect to ``path`` and the socket behind it, ``to``."""

    def __init__(self, path: Path, to: Path) -> None:
        self.address: str = f"unix:{path}"
        self._path = path
        self._to = to
        self._delay_seconds = 0.0
        self._quick = asyncio.Event()
        self._passing = asyncio.Event()
        self._passing.set()
        self._servers: list[asyncio.Server] = []
        self._writers: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self._listen()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for server in self._servers:
            server.close()
        self._path.unlink(missing_ok=True)
        self._passing.set()
        while self._serving:
            self.cut()
            await asyncio.wait(self._serving)

    def cut(self) -> None:
        """Break all connections; new ones can be made at once."""
        for writer in self._writers:
            writer.transport.abort()

    async def renew(self) -> None:
        """Be another socket at the same path, as that of a process that was started again."""
        self._path.unlink()
        await self._listen()

    @contextlib.contextmanager
    def slow(self, seconds: float) -> Iterator[None]:
        """Let every piece, 64 KiB at most, take so long in either direction."""
        self._delay_seconds = seconds
        self._quick.clear()
        try:
            yield
        finally:
            self._delay_seconds = 0.0
            self._quick.set()

    @contextlib.contextmanager
    def silent(self) -> Iterator[None]:
        """Pass nothing on: connections stand, and what is said on them arrives later."""
        self._passing.clear()
        try:
            yield
        finally:
            self._passing.set()

    async def _listen(self) -> None:
        # The one before stays open: asyncio, told to close a server, forgets whom it is just accepting.
        self._servers.append(await asyncio.start_unix_server(self._accepted, self._path))

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        task = asyncio.create_task(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._passing.wait()
            if writer.transport.is_closing():  # it was cut meanwhile
                return
            with contextlib.suppress(OSError):  # nobody is behind
                onward, back = await asyncio.open_unix_connection(self._to)
                self._writers.add(back)
                await asyncio.gather(self._carry(reader, back), self._carry(onward, writer))
        finally:
            self._close(writer)

    async def _carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(_PIECE_BYTES):
                if self._delay_seconds:
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self._quick.wait(), self._delay_seconds)
                await self._passing.wait()
                sink.write(data)
                await sink.drain()
        except OSError:
            pass
        finally:
            self._close(sink)

    def _close(self, writer: asyncio.StreamWriter) -> None:
        self._writers.discard(writer)
        writer.close()
