"""State stores beside their libraries: gets, sets, and gets and sets of twenty."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final, Protocol
from urllib.parse import urlsplit
from uuid import uuid4

import asyncmy
import asyncpg
from redis.asyncio import Redis

from pluggable.state import GetRequest, SetRequest, StateStore

from ..sqlite import Measured, Row, key, shared, value
from . import further

AT_ONCE: Final = 64
BULK: Final = 20
#: As many connections as the components of these databases open on two cores.
POSTGRESQL_CONNECTIONS: Final = 4
MYSQL_CONNECTIONS: Final = 8
KEYS: Final = 5000


class Store(Protocol):
    """What is measured; values are JSON, which all stores keep as it is."""

    async def get(self, name: str) -> bytes | None:
        """Return a value, its version read along with it."""

    async def set(self, name: str, data: bytes) -> None:
        """Store a value under a new version."""

    async def get_many(self, names: Sequence[str]) -> list[bytes | None]:
        """Return values in the order of their names."""

    async def set_many(self, items: Mapping[str, bytes]) -> None:
        """Store values."""


Opened = Callable[[Mapping[str, str]], AbstractAsyncContextManager[Store]]


class Ours:
    """A component, as the services of its socket call it."""

    def __init__(self, store: StateStore) -> None:
        self._store = store

    async def get(self, name: str) -> bytes | None:
        found = await self._store.get(GetRequest(key=name))
        return None if found is None else found.data

    async def set(self, name: str, data: bytes) -> None:
        await self._store.set(_set(name, data))

    async def get_many(self, names: Sequence[str]) -> list[bytes | None]:
        found = await self._store.bulk_get([GetRequest(key=name) for name in names])
        by_name = {item.key: item.value.data if item.value else None for item in found}
        return [by_name[name] for name in names]

    async def set_many(self, items: Mapping[str, bytes]) -> None:
        await self._store.bulk_set([_set(name, data) for name, data in items.items()])


def _set(name: str, data: bytes) -> SetRequest:
    """Return what the sidecar makes of JSON; a table keeps it as text, and so does the bare side."""
    return SetRequest(key=name, value=data, content_type="application/json")


def _bytes(data: bytes | str | None) -> bytes | None:
    assert not isinstance(data, str)  # the client decodes nothing
    return data


class _Redis:
    def __init__(self, client: Redis) -> None:
        self._client = client

    async def get(self, name: str) -> bytes | None:
        data, _version = await self._client.hmget(f"bare||{name}", "data", "version")
        return _bytes(data)

    async def set(self, name: str, data: bytes) -> None:
        async with self._client.pipeline(transaction=True) as steps:
            steps.hset(f"bare||{name}", "data", data)
            steps.hincrby(f"bare||{name}", "version", 1)
            await steps.execute()

    async def get_many(self, names: Sequence[str]) -> list[bytes | None]:
        async with self._client.pipeline(transaction=False) as steps:
            for name in names:
                steps.hmget(f"bare||{name}", "data", "version")
            return [_bytes(data) for data, _version in await steps.execute()]

    async def set_many(self, items: Mapping[str, bytes]) -> None:
        async with self._client.pipeline(transaction=True) as steps:
            for name, data in items.items():
                steps.hset(f"bare||{name}", "data", data)
                steps.hincrby(f"bare||{name}", "version", 1)
            await steps.execute()


@asynccontextmanager
async def redis(properties: Mapping[str, str]) -> AsyncIterator[Store]:
    """redis-py with its pool, one connection a request; a set makes a new version of a hash."""
    async with Redis.from_url(f"redis://{properties['redisHost']}") as client:
        yield _Redis(client)


class _PostgreSQL:
    PUT = (
        "INSERT INTO bare (key, value, etag) VALUES ($1, $2, gen_random_uuid())"
        " ON CONFLICT (key) DO UPDATE SET value = excluded.value, etag = excluded.etag"
    )

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def get(self, name: str) -> bytes | None:
        row = await self._pool.fetchrow("SELECT value, etag FROM bare WHERE key = $1", name)
        return None if row is None else row[0]

    async def set(self, name: str, data: bytes) -> None:
        await self._pool.execute(self.PUT, name, data)

    async def get_many(self, names: Sequence[str]) -> list[bytes | None]:
        rows = await self._pool.fetch("SELECT key, value, etag FROM bare WHERE key = ANY($1)", names)
        found = {row[0]: row[1] for row in rows}
        return [found[name] for name in names]

    async def set_many(self, items: Mapping[str, bytes]) -> None:
        await self._pool.executemany(self.PUT, list(items.items()))


@asynccontextmanager
async def postgresql(properties: Mapping[str, str]) -> AsyncIterator[Store]:
    """asyncpg with a pool."""
    text = properties["connectionString"]
    connections = POSTGRESQL_CONNECTIONS
    async with asyncpg.create_pool(text, min_size=connections, max_size=connections) as pool:
        await pool.execute("CREATE TABLE bare (key text PRIMARY KEY, value bytea NOT NULL, etag uuid)")
        yield _PostgreSQL(pool)


class _MySQL:
    #: Of this form, the library makes one statement of many rows.
    PUT = (
        "INSERT INTO bare (id, value, eTag) VALUES (%s, %s, %s)"
        " ON DUPLICATE KEY UPDATE value = VALUES(value), eTag = VALUES(eTag)"
    )

    def __init__(self, pool: asyncmy.Pool) -> None:
        self._pool = pool

    async def _rows(self, text: str, *values: object) -> Sequence[Sequence[object]]:
        async with self._pool.acquire() as connection, connection.cursor() as cursor:
            await cursor.execute(text, values)
            return await cursor.fetchall()

    async def get(self, name: str) -> bytes | None:
        rows = await self._rows("SELECT value, eTag FROM bare WHERE id = %s", name)
        return str(rows[0][0]).encode() if rows else None

    async def set(self, name: str, data: bytes) -> None:
        async with self._pool.acquire() as connection, connection.cursor() as cursor:
            await cursor.execute(self.PUT, (name, data.decode(), str(uuid4())))

    async def get_many(self, names: Sequence[str]) -> list[bytes | None]:
        marks = ", ".join(["%s"] * len(names))
        rows = await self._rows(f"SELECT id, value, eTag FROM bare WHERE id IN ({marks})", *names)
        found = {row[0]: str(row[1]).encode() for row in rows}
        return [found[name] for name in names]

    async def set_many(self, items: Mapping[str, bytes]) -> None:
        async with self._pool.acquire() as connection, connection.cursor() as cursor:
            rows = [(name, data.decode(), str(uuid4())) for name, data in items.items()]
            await cursor.executemany(self.PUT, rows)


@asynccontextmanager
async def mysql(properties: Mapping[str, str]) -> AsyncIterator[Store]:
    """asyncmy with a pool."""
    user, _, place = properties["connectionString"].rpartition("@tcp(")
    address = urlsplit(f"//{place.partition(')')[0]}")
    name, _, password = user.partition(":")
    where: dict[str, Any] = {"host": address.hostname, "port": address.port}
    where |= {"user": name, "password": password, "autocommit": True, "charset": "utf8mb4"}
    async with asyncmy.connect(**where) as connection, connection.cursor() as cursor:
        await cursor.execute("CREATE DATABASE bare")
        await cursor.execute(
            "CREATE TABLE bare.bare (id VARCHAR(255) PRIMARY KEY, value JSON, eTag VARCHAR(36))"
            " DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
        )
    connections = MYSQL_CONNECTIONS
    async with asyncmy.create_pool(**where, db="bare", minsize=connections, maxsize=connections) as pool:
        yield _MySQL(pool)


#: By type; what is in memory has nothing beneath it.
BARE: Final[Mapping[str, Opened]] = {
    "state.redis": redis,
    "state.postgresql": postgresql,
    "state.postgresql-v2": postgresql,
    "state.mysql": mysql,
    "state.etcd": further.etcd,
    "state.etcd-v2": further.etcd,
    "state.memcached": further.memcached,
    "state.sqlite": further.sqlite,
}


def number(of: int) -> bytes:
    """Return a value that no other number has, as JSON."""
    return json.dumps(value(of).decode()).encode()


async def measure(store: Store, ops: int) -> AsyncIterator[Row]:
    """Measure a store that is empty."""
    every = range(KEYS)
    for first in range(0, KEYS, BULK):
        await store.set_many({key(each): number(each) for each in every[first : first + BULK]})
    written = {key(each): number(each) for each in range(KEYS, KEYS + ops)}

    async def put(each: int) -> None:
        await store.set(key(each), number(each))
        sets.answered(well=True)

    async def take(each: int) -> None:
        gets.answered(well=await store.get(key(each)) == written[key(each)])

    async def put_many(first: int) -> None:
        await store.set_many({key(each): number(each) for each in range(first, first + BULK)})
        sets.answered(well=True)

    async def take_many(first: int) -> None:
        names = [key(each) for each in range(first, first + BULK)]
        gets.answered(well=await store.get_many(names) == [written[name] for name in names])

    numbers = range(KEYS, KEYS + ops)
    with (sets := Measured("set")):
        await shared(numbers, put, AT_ONCE)
    yield sets.row()
    with (gets := Measured("get")):
        await shared(numbers, take, AT_ONCE)
    yield gets.row()
    firsts = range(KEYS, KEYS + ops, BULK)
    with (sets := Measured(f"set {BULK}")):
        await shared(firsts, put_many, AT_ONCE)
    yield sets.row()
    with (gets := Measured(f"get {BULK}")):
        await shared(firsts, take_many, AT_ONCE)
    yield gets.row()
