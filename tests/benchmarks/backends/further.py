"""The bare side of stores whose components have no client library: what they stand on, and no more."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Final
from uuid import uuid4

from pluggable.transport import Channel, channel
from pluggable_servers.etcd._proto import etcd_pb2 as pb

from ..sqlite import GET, PUT, TABLE

MEMCACHED_CONNECTIONS: Final = 4
_SECONDS: Final = 5.0


class Etcd:
    """The transport, and etcd's messages; twenty are a transaction."""

    def __init__(self, member: Channel) -> None:
        self._member = member

    async def get(self, name: str) -> bytes | None:
        asked = pb.RangeRequest(key=f"bare/{name}".encode())
        found = pb.RangeResponse.FromString(await self._ask("Range", asked.SerializeToString()))
        return found.kvs[0].value if found.kvs else None

    async def set(self, name: str, data: bytes) -> None:
        asked = pb.PutRequest(key=f"bare/{name}".encode(), value=data)
        pb.PutResponse.FromString(await self._ask("Put", asked.SerializeToString()))

    async def get_many(self, names: Sequence[str]) -> list[bytes | None]:
        asked = [pb.RangeRequest(key=f"bare/{name}".encode()) for name in names]
        answer = await self._transact([pb.RequestOp(request_range=each) for each in asked])
        found = [each.response_range.kvs for each in answer.responses]
        return [kvs[0].value if kvs else None for kvs in found]

    async def set_many(self, items: Mapping[str, bytes]) -> None:
        puts = [pb.PutRequest(key=f"bare/{name}".encode(), value=data) for name, data in items.items()]
        await self._transact([pb.RequestOp(request_put=each) for each in puts])

    async def _transact(self, steps: Sequence[pb.RequestOp]) -> pb.TxnResponse:
        asked = pb.TxnRequest(success=steps)
        return pb.TxnResponse.FromString(await self._ask("Txn", asked.SerializeToString()))

    async def _ask(self, method: str, sent: bytes) -> bytes:
        return await self._member.unary(f"/etcdserverpb.KV/{method}", sent, timeout=_SECONDS)


@asynccontextmanager
async def etcd(properties: Mapping[str, str]) -> AsyncIterator[Etcd]:
    """Give one connection to the first member."""
    member = channel(properties["endpoints"].removeprefix("http://"))
    try:
        yield Etcd(member)
    finally:
        await member.close()


_Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Memcached:
    """asyncio's streams, one connection a request; twenty are asked for in one command, and set in one go."""

    def __init__(self, free: asyncio.Queue[_Connection]) -> None:
        self._free = free

    async def get(self, name: str) -> bytes | None:
        [found] = await self.get_many([name])
        return found

    async def set(self, name: str, data: bytes) -> None:
        await self.set_many({name: data})

    async def get_many(self, names: Sequence[str]) -> list[bytes | None]:
        reader, writer = connection = await self._free.get()
        writer.write(f"get {' '.join(f'bare||{name}' for name in names)}\r\n".encode())
        found: dict[bytes, bytes] = {}
        while (line := await reader.readline()) != b"END\r\n":
            _, key, _, length = line.split()
            found[key] = (await reader.readexactly(int(length) + 2))[:-2]
        self._free.put_nowait(connection)
        return [found.get(f"bare||{name}".encode()) for name in names]

    async def set_many(self, items: Mapping[str, bytes]) -> None:
        reader, writer = connection = await self._free.get()
        for name, data in items.items():
            writer.write(b"set bare||%b 0 0 %d\r\n%b\r\n" % (name.encode(), len(data), data))
        for _ in items:
            assert await reader.readline() == b"STORED\r\n"
        self._free.put_nowait(connection)


@asynccontextmanager
async def memcached(properties: Mapping[str, str]) -> AsyncIterator[Memcached]:
    """Give a pool of connections."""
    host, _, port = properties["hosts"].rpartition(":")
    free: asyncio.Queue[_Connection] = asyncio.Queue()
    opened = [await asyncio.open_connection(host, int(port)) for _ in range(MEMCACHED_CONNECTIONS)]
    for each in opened:
        free.put_nowait(each)
    try:
        yield Memcached(free)
    finally:
        for _, writer in opened:
            writer.close()
            await writer.wait_closed()


class SQLite:
    """The driver, called by the event loop itself; a write is on the disk, and twenty are a transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    async def get(self, name: str) -> bytes | None:
        row = self._connection.execute(GET, (name,)).fetchone()
        await asyncio.sleep(0)
        return None if row is None else row[0].encode()

    async def set(self, name: str, data: bytes) -> None:
        self._connection.execute(PUT, (name, data.decode(), str(uuid4())))
        await asyncio.sleep(0)

    async def get_many(self, names: Sequence[str]) -> list[bytes | None]:
        marks = ", ".join("?" * len(names))
        text = f"SELECT key, value, etag, expiration_time FROM state WHERE key IN ({marks})"
        found = {row[0]: row[1].encode() for row in self._connection.execute(text, names)}
        await asyncio.sleep(0)
        return [found.get(name) for name in names]

    async def set_many(self, items: Mapping[str, bytes]) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        rows = [(name, data.decode(), str(uuid4())) for name, data in items.items()]
        self._connection.executemany(PUT, rows)
        self._connection.execute("COMMIT")
        await asyncio.sleep(0)


@asynccontextmanager
async def sqlite(properties: Mapping[str, str]) -> AsyncIterator[SQLite]:
    """Give a database of its own beside the component's."""
    path = Path(properties["connectionString"]).with_name("bare.db")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(TABLE)
        yield SQLite(connection)
