from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import redis.asyncio

from pluggable import ConfigurationStore, InitError
from pluggable.configuration import Changes, GetRequest, Item, Notify, SubscribeRequest
from pluggable.testing import connected
from pluggable_servers.redis.configuration import RedisConfigurationStore
from tests.backends.redis import Redis
from tests.servers.running import redis_server

Bare = redis.asyncio.Redis
#: Strings in Redis, and what daprd 1.18.3 answered for them; those left out it did not answer at all.
WRITTEN = {"a": "1||v1", "b": "x||", "c": "y||z||w", "e": "", "f": "plain", "g": "||v1"}
ANSWERED = {
    "a": Item(value="1", version="v1"),
    "b": Item(value="x"),
    "c": Item(value="y", version="z"),
    "f": Item(value="plain"),
}


class News(Notify):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[Changes] = asyncio.Queue()
        self.stands = asyncio.Event()

    async def __call__(self, changes: Changes) -> None:
        self.told.put_nowait(changes)

    def ready(self) -> None:
        self.stands.set()

    async def next(self) -> Changes:
        async with asyncio.timeout(20):
            return await self.told.get()


@asynccontextmanager
async def heard(store: ConfigurationStore, *keys: str) -> AsyncIterator[News]:
    """A subscription that stands."""
    news = News()
    listening = asyncio.create_task(store.subscribe(SubscribeRequest(keys=keys), news))
    try:
        async with asyncio.timeout(20):
            await news.stands.wait()
        yield news
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


def opened(port: int, **more: str) -> Any:
    return connected(RedisConfigurationStore, {"redisHost": f"127.0.0.1:{port}", **more})


@pytest.fixture
async def store(empty_redis: int) -> AsyncIterator[ConfigurationStore]:
    async with opened(empty_redis) as found:
        yield found


async def test_strings_are_read_as_daprd_reads_them(store: ConfigurationStore, bare: Bare) -> None:
    await bare.mset(WRITTEN)
    await bare.rpush("list", "1")

    assert await store.get(GetRequest(keys=[*WRITTEN, "list", "missing"])) == ANSWERED
    assert await store.get(GetRequest()) == ANSWERED


async def test_all_of_many_keys_are_read(store: ConfigurationStore, bare: Bare) -> None:
    await bare.mset({f"k{number}": "1" for number in range(3000)})
    await bare.set(b"\xff", "no text")

    assert len(await store.get(GetRequest())) == 3000


async def test_changes_are_told_one_by_one(store: ConfigurationStore, bare: Bare) -> None:
    async with heard(store, "a", "b") as news:
        await bare.set("a", "1||v1")
        assert await news.next() == {"a": Item(value="1", version="v1")}
        await bare.set("c", "1")
        await bare.set("b", "2")
        assert await news.next() == {"b": Item(value="2")}
        await bare.pexpire("b", 1)
        async with asyncio.timeout(20):
            while await bare.exists("b"):  # noqa: ASYNC110  looking lets it expire
                await asyncio.sleep(0.01)
        assert await news.next() == {"b": None}
        await bare.delete("a")
        assert await news.next() == {"a": None}


async def test_without_keys_all_is_told(store: ConfigurationStore, bare: Bare) -> None:
    async with heard(store) as news:
        await bare.set("größe", "1")

        assert await news.next() == {"größe": Item(value="1")}


async def test_every_write_is_told_and_nothing_else(store: ConfigurationStore, bare: Bare) -> None:
    await bare.set("a", "1")
    async with heard(store, "a") as news:
        await bare.expire("a", 1000)
        await bare.persist("a")
        await bare.set("a", "1")
        assert await news.next() == {"a": Item(value="1")}
        await bare.set("a", "2")
        assert await news.next() == {"a": Item(value="2")}


async def test_other_database_has_its_own_news(empty_redis: int) -> None:
    async with (
        opened(empty_redis, redisDB="3") as store,
        Bare(port=empty_redis, db=3) as third,
        Bare(port=empty_redis) as first,
        heard(store, "a") as news,
    ):
        await first.set("a", "1")
        await third.set("a", "3")

        assert await news.next() == {"a": Item(value="3")}


async def test_events_that_the_server_tells_already_stay(store: ConfigurationStore, bare: Bare) -> None:
    await bare.config_set("notify-keyspace-events", "El")
    async with heard(store, "a"):
        found = (await bare.config_get("notify-keyspace-events"))["notify-keyspace-events"]

    assert found is not None
    assert set("ElKg$xe") <= set(found)


async def test_change_during_a_lost_connection_is_told(store: ConfigurationStore, bare: Bare) -> None:
    await bare.mset({"a": "1", "b": "1", "c": "1"})
    async with heard(store, "a", "b", "c") as news:
        async with bare.pipeline(transaction=False) as commands:
            commands.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
            commands.set("a", "2")
            commands.delete("b")
            await commands.execute()

        assert await news.next() == {"a": Item(value="2"), "b": None}
        await bare.set("c", "2")
        assert await news.next() == {"c": Item(value="2")}


@pytest.mark.slow
async def test_server_that_is_started_again_is_heard(caplog: pytest.LogCaptureFixture) -> None:
    with Redis.running() as redis:
        async with opened(redis.port) as store, heard(store, "a") as news:
            redis.stop()
            async with asyncio.timeout(20):
                while "a subscription is interrupted" not in caplog.text:  # noqa: ASYNC110  a log tells nobody
                    await asyncio.sleep(0.01)
            redis.start()
            async with Bare(port=redis.port) as bare:
                await bare.set("a", "1")

                assert await news.next() == {"a": Item(value="1")}


async def test_server_that_cannot_be_configured_is_heard(caplog: pytest.LogCaptureFixture) -> None:
    with redis_server("--rename-command", "CONFIG", "", "--notify-keyspace-events", "Kg$") as port:
        async with opened(port) as store, heard(store, "a") as news, Bare(port=port) as bare:
            await bare.set("a", "1")

            assert await news.next() == {"a": Item(value="1")}
    assert "does not let itself be configured" in caplog.text


@pytest.mark.slow
async def test_cluster_is_read_and_heard(cluster: int) -> None:
    async with (
        opened(cluster, redisType="cluster") as store,
        Bare(port=cluster) as bare,
        heard(store, "a", "b") as news,
    ):
        await bare.set("a", "1||2")

        assert await news.next() == {"a": Item(value="1", version="2")}
        assert await store.get(GetRequest()) == {"a": Item(value="1", version="2")}


async def test_missing_host_is_named() -> None:
    with pytest.raises(InitError, match="redisHost"):
        async with connected(RedisConfigurationStore):
            pass
