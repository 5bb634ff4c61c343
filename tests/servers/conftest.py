"""Fixtures for the bundled components."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import redis
import redis.asyncio

from pluggable import PubSub, StateStore
from pluggable_servers.memory.pubsub import InMemoryPubSub
from pluggable_servers.memory.state import InMemoryStateStore
from pluggable_servers.redis.pubsub import RedisPubSub
from pluggable_servers.redis.state import RedisStateStore
from pluggable_servers.sqlite.state import SQLiteStateStore
from tests.servers.running import PLACES, broker, redis_server, state_store

STORES = ("in-memory", "sqlite", "redis")
BROKERS = ("in-memory", "redis")


@pytest.fixture(scope="session")
def redis_port() -> Iterator[int]:
    """The port of a Redis server that all tests share."""
    with redis_server() as port:
        yield port


@pytest.fixture
def empty_redis(redis_port: int) -> int:
    """The port of a Redis server that is empty."""
    with redis.Redis(port=redis_port) as client:
        client.flushall()
    return redis_port


@pytest.fixture
async def bare(empty_redis: int) -> AsyncIterator[redis.asyncio.Redis]:
    """A client of the Redis server, which is empty."""
    async with redis.asyncio.Redis(port=empty_redis, protocol=2) as client:
        yield client


@pytest.fixture(params=itertools.product(STORES, PLACES), ids=" ".join)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[StateStore]:
    """Each store, here and over a socket."""
    kind, place = request.param
    if kind == "redis":
        properties = {"redisHost": f"127.0.0.1:{request.getfixturevalue('empty_redis')}"}
        opened = state_store(RedisStateStore, properties, place)
    elif kind == "sqlite":
        opened = state_store(SQLiteStateStore, {"connectionString": str(tmp_path / "orders.db")}, place)
    else:
        opened = state_store(InMemoryStateStore, {}, place)
    async with opened as found:
        yield found


@pytest.fixture(params=itertools.product(BROKERS, PLACES), ids=" ".join)
async def events(request: pytest.FixtureRequest) -> AsyncIterator[PubSub]:
    """Each broker, here and over a socket."""
    kind, place = request.param
    if kind == "redis":
        port = request.getfixturevalue("empty_redis")
        properties = {"redisHost": f"127.0.0.1:{port}", "consumerID": "app-1", "readTimeout": "500ms"}
        opened = broker(RedisPubSub, properties, place)
    else:
        opened = broker(InMemoryPubSub, {}, place)
    async with opened as found:
        yield found
