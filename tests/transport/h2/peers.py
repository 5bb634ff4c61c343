"""The two ends of these tests: a server of plain streams, and a peer that sends what it likes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import ngh2
from ngh2 import Configuration, ErrorCode, Role

from pluggable.transport.h2 import Bounds, Connection, Fields, Listener, Stream

GUARD_SECONDS = 20.0
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
REQUEST = [(b":method", b"POST"), (b":scheme", b"http"), (b":path", b"/"), (b":authority", b"test")]
RESPONSE = [(b":status", b"200")]

E = TypeVar("E", bound=ngh2.Event)


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload


class Taken(Stream):
    """A stream of the server that holds what it receives, and tells of its end."""

    def __init__(self, connection: Connection, number: int) -> None:
        super().__init__(connection, number)
        self.received = 0
        self._grown = asyncio.Event()
        self.over = asyncio.Event()
        self.closing: tuple[int | None, str] | None = None

    def on_headers(self, fields: Fields) -> None:
        raise AssertionError(fields)  # a request's are told to accept

    def on_data(self, data: bytes) -> None:
        self.received += len(data)
        self._grown.set()

    async def has(self, size: int) -> None:
        """Wait for so many bytes."""
        async with asyncio.timeout(GUARD_SECONDS):
            while self.received < size:
                self._grown.clear()
                await self._grown.wait()

    def on_end(self, trailers: Fields) -> None:  # noqa: ARG002
        self.over.set()

    def on_close(self, code: int | None, reason: str) -> None:
        self.closing = (code, reason)
        self.over.set()


class Station:
    """A server that takes streams and leaves the rest to the test."""

    def __init__(self, bounds: Bounds | None) -> None:
        self.listener = Listener(bounds or Bounds(), self)
        self.streams: asyncio.Queue[Taken] = asyncio.Queue()
        self.losses: asyncio.Queue[str] = asyncio.Queue()
        self.connected: asyncio.Queue[Connection] = asyncio.Queue()

    async def stream(self) -> Taken:
        async with asyncio.timeout(GUARD_SECONDS):
            return await self.streams.get()

    async def loss(self) -> str:
        async with asyncio.timeout(GUARD_SECONDS):
            return await self.losses.get()

    def made(self, connection: Connection) -> None:
        self.listener.made(connection)
        self.connected.put_nowait(connection)

    def settled(self, connection: Connection) -> None:
        self.listener.settled(connection)

    def accept(self, connection: Connection, number: int, fields: Fields) -> Stream:  # noqa: ARG002
        stream = Taken(connection, number)
        self.streams.put_nowait(stream)
        return stream

    def going_away(self, connection: Connection, code: int) -> None:
        pass

    def lost(self, connection: Connection, reason: str) -> None:
        self.listener.lost(connection)
        self.losses.put_nowait(reason)


@asynccontextmanager
async def station(folder: Path, bounds: Bounds | None = None) -> AsyncIterator[Station]:
    served = Station(bounds)
    await served.listener.listen(f"unix:{folder}/s")
    served.listener.start()
    try:
        yield served
    finally:
        await served.listener.close("the test is over")


class Raw:
    """A connection that sends bytes, and reads until it is closed."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def write(self, data: bytes) -> None:
        self.writer.write(data)

    async def rest(self) -> bytes:
        """Return all that comes until the end."""
        async with asyncio.timeout(GUARD_SECONDS):
            try:
                return await self.reader.read()
            except ConnectionResetError:
                return b""

    async def goodbye(self) -> ErrorCode:
        """Return why the connection was closed, as its last frame says."""
        data = await self.rest()
        code = None
        while data:
            size = 9 + int.from_bytes(data[:3], "big")
            if data[3] == 7:
                code = int.from_bytes(data[13:17], "big")
            data = data[size:]
        assert code is not None, "closed without a word"
        return ErrorCode(code)


@asynccontextmanager
async def raw(folder: Path, *, greet: bool = True) -> AsyncIterator[Raw]:
    reader, writer = await asyncio.open_unix_connection(f"{folder}/s")
    try:
        if greet:
            writer.write(PREFACE + SETTINGS)
        yield Raw(reader, writer)
    finally:
        writer.close()


class Peer:
    """A client that keeps to HTTP/2, and consumes nothing by itself."""

    def __init__(self, connection: Raw) -> None:
        self.engine = ngh2.Connection(Role.CLIENT, Configuration(auto_window_update=False))
        self.engine.initiate_connection({})
        self._connection = connection
        self._events: list[ngh2.Event] = []
        self._over = False
        self.reads = 0

    def flush(self) -> None:
        while data := self.engine.data_to_send():
            self._connection.write(data)

    async def read(self) -> bool:
        """Take what has come and answer it; ``False`` at the end."""
        try:
            data = await self._connection.reader.read(65536)
        except ConnectionResetError:  # it was closed before it had read what we said last
            data = b""
        self.reads += 1
        if data and not self._over:
            self.engine.receive_data(data)
            events = self.engine.events()
            self._over = any(isinstance(event, ngh2.ConnectionClosed) for event in events)
            self._events += events
            self.flush()
        return bool(data)

    async def event(self, kind: type[E]) -> E:
        """Wait for an event of this class; others are passed over."""
        async with asyncio.timeout(GUARD_SECONDS):
            while True:
                while self._events:
                    event = self._events.pop(0)
                    if isinstance(event, kind):
                        return event
                assert await self.read(), f"the connection ended before {kind.__name__}"


@asynccontextmanager
async def peer(folder: Path) -> AsyncIterator[Peer]:
    async with raw(folder, greet=False) as connection:
        joined = Peer(connection)
        joined.flush()
        yield joined
