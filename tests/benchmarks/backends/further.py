"""The bare side of stores whose components have no client library: what their field has, or the transport."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from uuid import uuid4

import aiosqlite
import emcache

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


class Memcached:
    """emcache, whose parser is compiled; twenty are asked for in one command, and set at once."""

    def __init__(self, client: emcache.Client) -> None:
        self._client = client

    async def get(self, name: str) -> bytes | None:
        item = await self._client.get(f"bare||{name}".encode())
        return None if item is None else item.value

    async def set(self, name: str, data: bytes) -> None:
        await self._client.set(f"bare||{name}".encode(), data)

    async def get_many(self, names: Sequence[str]) -> list[bytes | None]:
        keys = [f"bare||{name}".encode() for name in names]
        found = await self._client.get_many(keys)
        return [found[key].value if key in found else None for key in keys]

    async def set_many(self, items: Mapping[str, bytes]) -> None:
        await asyncio.gather(*(self.set(name, data) for name, data in items.items()))


@asynccontextmanager
async def memcached(properties: Mapping[str, str]) -> AsyncIterator[Memcached]:
    """Give a client with a pool of connections."""
    host, _, port = properties["hosts"].rpartition(":")
    client = await emcache.create_client(
        [emcache.MemcachedHostAddress(host, int(port))],
        timeout=_SECONDS,
        min_connections=MEMCACHED_CONNECTIONS,
        max_connections=MEMCACHED_CONNECTIONS,
    )
    try:
        yield Memcached(client)
    finally:
        await client.close()


class SQLite:
    """aiosqlite, a thread a connection; a write is on the disk, and twenty are a transaction."""

    def __init__(self, reading: aiosqlite.Connection, writing: aiosqlite.Connection) -> None:
        self._reading, self._writing = reading, writing
        self._alone = asyncio.Lock()

    async def get(self, name: str) -> bytes | None:
        [*rows] = await self._reading.execute_fetchall(GET, (name,))
        return rows[0][0].encode() if rows else None

    async def set(self, name: str, data: bytes) -> None:
        await self._writing.execute(PUT, (name, data.decode(), str(uuid4())))

    async def get_many(self, names: Sequence[str]) -> list[bytes | None]:
        marks = ", ".join("?" * len(names))
        text = f"SELECT key, value, etag, expiration_time FROM state WHERE key IN ({marks})"
        rows = await self._reading.execute_fetchall(text, names)
        found = {row[0]: row[1].encode() for row in rows}
        return [found.get(name) for name in names]

    async def set_many(self, items: Mapping[str, bytes]) -> None:
        rows = [(name, data.decode(), str(uuid4())) for name, data in items.items()]
        async with self._alone:  # others would be in its transaction
            await self._writing.execute("BEGIN IMMEDIATE")
            await self._writing.executemany(PUT, rows)
            await self._writing.execute("COMMIT")


@asynccontextmanager
async def sqlite(properties: Mapping[str, str]) -> AsyncIterator[SQLite]:
    """Give a database of its own beside the component's."""
    path = Path(properties["connectionString"]).with_name("bare.db")
    async with (
        aiosqlite.connect(path, isolation_level=None) as writing,
        aiosqlite.connect(path, isolation_level=None) as reading,
    ):
        await writing.execute("PRAGMA journal_mode = WAL")
        await writing.execute("PRAGMA synchronous = FULL")
        await writing.execute(TABLE)
        yield SQLite(reading, writing)
