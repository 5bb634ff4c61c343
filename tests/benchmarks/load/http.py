"""
HTTP requests for state, so many at once, each on a connection of its own.

``python -m tests.benchmarks.load.http PORT STORE get|set AT_ONCE SIZE``, see ``control``.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import resource
import sys
import time
from collections.abc import Callable, Iterator
from typing import cast

import uvloop

from .control import Watch, WrongAnswerError, controlled
from .values import key, keys, value

HOST = "127.0.0.1"
#: Files beside the connections.
SPARE_FILES = 64
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)

_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
_LAST_CHUNK = b"\r\n0\r\n\r\n"

#: A worker's key by its number, a request for it, the status it must have, and the body.
Exchange = tuple[int, bytes, bytes, bytes]


class Client(asyncio.Protocol):
    """One connection with one request at a time."""

    def __init__(self) -> None:
        self.unsure: set[int] = set()
        """Keys whose last request was refused: what is under them may be anything."""
        self._received = b""
        self._exchanges: Iterator[Exchange]
        self._watch: Watch
        self._done: asyncio.Future[None]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(exc or WrongAnswerError("the connection was closed"))

    def work(self, exchanges: Iterator[Exchange], watch: Watch) -> asyncio.Future[None]:
        """Make these requests until the time is over."""
        self._exchanges, self._watch = exchanges, watch
        self._done = asyncio.get_running_loop().create_future()
        self._begin(time.perf_counter())
        return self._done

    def data_received(self, data: bytes) -> None:
        received = self._received = self._received + data if self._received else data
        end = received.find(b"\r\n\r\n") + 4
        if end < 4:
            return
        found = _LENGTH.search(received, 0, end)
        if found:
            body = received[end:]
            complete = len(body) >= int(found[1])
        elif _CHUNKED.search(received, 0, end):
            complete = received.endswith(_LAST_CHUNK)
            body = _joined(received, end) if complete else b""
        else:
            body, complete = b"", True
        if not complete:
            return
        self._received = b""
        now = self._watch.took(self._began)
        if received[9:10] == b"5":
            self._watch.failed += 1
            self.unsure.add(self._number)
        elif received[9:12] != self._status or body != self._body:
            text = f"wanted {self._status!r} and {self._body[:99]!r}, got {received[:400]!r}"
            self._fail(WrongAnswerError(text))
            return
        if self._watch.over(now):
            self._done.set_result(None)
        else:
            self._begin(now)

    def _begin(self, now: float) -> None:
        self._began = now
        self._number, request, self._status, self._body = next(self._exchanges)
        self._transport.write(request)

    def _fail(self, error: Exception) -> None:
        if not self._done.done():
            self._done.set_exception(error)


def _joined(received: bytes, at: int) -> bytes:
    """Return what chunks hold, from the first on."""
    pieces: list[bytes] = []
    while True:
        line = received.index(b"\r\n", at)
        size = int(received[at:line], 16)
        if not size:
            return b"".join(pieces)
        pieces.append(received[line + 2 : line + 2 + size])
        at = line + 2 + size + 2


class Load:
    """Workers that each know what they stored."""

    def __init__(self, port: int, store: str, workers: int, size: int) -> None:
        self._path = f"/v1.0/state/{store}"
        self._tail = f" HTTP/1.1\r\nHost: {HOST}:{port}\r\n"
        self._port = port
        self._workers = workers
        self._keys = range(keys(workers, size))
        self._size = size
        self._turn = itertools.count()
        self._stored: dict[tuple[int, int], bytes] = {}
        self._clients: list[Client] = []

    async def connect(self) -> None:
        """Connect, and store something under each key."""
        loop = asyncio.get_running_loop()
        for _ in range(self._workers):
            _, client = await loop.create_connection(Client, HOST, self._port)
            self._clients.append(client)
        await self._once(lambda worker: (self.set(worker, number) for number in self._keys))

    async def gets(self, watch: Watch) -> None:
        """Read until the time is over."""
        await self._all(lambda worker: itertools.cycle([self.get(worker, n) for n in self._keys]), watch)

    async def sets(self, watch: Watch) -> None:
        """Write until the time is over."""
        await self._all(lambda worker: (self.set(worker, n) for n in itertools.cycle(self._keys)), watch)

    async def check(self) -> None:
        """See that what was stored last is there."""
        await self._once(
            lambda worker: (
                self.get(worker, number)
                for number in self._keys
                if number not in self._clients[worker].unsure
            )
        )

    def get(self, worker: int, number: int) -> Exchange:
        """Return a request for a value, with the value that it must have."""
        request = f"GET {self._path}/{key(worker, number)}{self._tail}\r\n"
        return number, request.encode(), b"200", self._stored[worker, number]

    def set(self, worker: int, number: int) -> Exchange:
        """Return a request that stores a value no other request has stored."""
        stored = self._stored[worker, number] = value(worker, number, next(self._turn), self._size)
        body = b'[{"key":"%s","value":%s}]' % (key(worker, number).encode(), stored)
        head = f"POST {self._path}{self._tail}Content-Type: application/json\r\n"
        return number, f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body, b"204", b""

    async def _all(self, exchanges: Callable[[int], Iterator[Exchange]], watch: Watch) -> None:
        await asyncio.gather(
            *(client.work(exchanges(worker), watch) for worker, client in enumerate(self._clients))
        )

    async def _once(self, exchanges: Callable[[int], Iterator[Exchange]]) -> None:
        for worker, client in enumerate(self._clients):
            for exchange in exchanges(worker):
                await client.work(iter([exchange]), Watch(0))


def allow_connections(number: int) -> None:
    """Raise the bound on open files, if it would not do."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < number + SPARE_FILES:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(number + SPARE_FILES, hard), hard))


async def main(port: int, store: str, operation: str, at_once: int, size: int) -> None:
    """Work as the arguments say."""
    allow_connections(at_once)
    load = Load(port, store, at_once, size)
    await load.connect()
    await controlled({"get": load.gets, "set": load.sets}[operation], load.check)


if __name__ == "__main__":
    port, store, operation, at_once, size = sys.argv[1:]
    uvloop.run(main(int(port), store, operation, int(at_once), int(size)))
