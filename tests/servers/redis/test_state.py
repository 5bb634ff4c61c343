from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import redis.asyncio

from pluggable import (
    ComponentError,
    ETagInvalidError,
    InitError,
    InvalidRequestError,
    LimitExceededError,
    StateStore,
    TimedOutError,
    UnavailableError,
)
from pluggable.state import Concurrency, Consistency, DeleteRequest, GetRequest, SetRequest
from pluggable_servers.redis.state import RedisStateStore
from tests.backends.redis import Redis
from tests.servers.running import redis_server, state_store

Bare = redis.asyncio.Redis


def at(port: int, **more: str) -> dict[str, str]:
    return {"redisHost": f"127.0.0.1:{port}", **more}


@pytest.fixture
async def store(empty_redis: int) -> AsyncIterator[StateStore]:
    async with state_store(RedisStateStore, at(empty_redis)) as found:
        yield found


async def test_value_is_daprs_hash(store: StateStore, bare: Bare) -> None:
    for value in (b"1", b"\x00\xff"):
        await store.set(SetRequest(key="app||k", value=value))

    assert await bare.hgetall("app||k") == {b"data": b"\x00\xff", b"version": b"2"}


async def test_first_write_leaves_its_mark(store: StateStore, bare: Bare) -> None:
    await store.set(SetRequest(key="k", value=b"1", concurrency=Concurrency.FIRST_WRITE))

    assert await bare.hgetall("k") == {b"data": b"1", b"version": b"1", b"first-write": b"0"}


async def test_hash_of_a_daprd_is_read(store: StateStore, bare: Bare) -> None:
    await bare.hset("k", mapping={"data": b'{"a":1}', "version": 41})

    found = await store.get(GetRequest(key="k"))
    await store.set(SetRequest(key="k", value=b"2", etag="41"))

    assert found is not None
    assert (found.data, found.etag) == (b'{"a":1}', "41")
    assert await bare.hget("k", "version") == b"42"


async def test_plain_string_is_read(store: StateStore, bare: Bare) -> None:
    await bare.set("k", b"old")

    found = await store.get(GetRequest(key="k"))

    assert found is not None
    assert (found.data, found.etag) == (b"old", None)


async def test_key_of_another_type_is_replaced(store: StateStore, bare: Bare) -> None:
    await bare.rpush("k", "a", "b")
    with pytest.raises(ComponentError, match="neither a hash nor a string"):
        await store.get(GetRequest(key="k"))

    await store.set(SetRequest(key="k", value=b"1"))

    assert await bare.hgetall("k") == {b"data": b"1", b"version": b"1"}


async def test_hash_without_version_is_refused(store: StateStore, bare: Bare) -> None:
    await bare.hset("k", "data", "1")

    with pytest.raises(ComponentError, match="'data' or 'version'"):
        await store.get(GetRequest(key="k"))


@pytest.mark.parametrize("etag", ["abc", "-1", "1.0", "٣"])
async def test_etag_is_a_whole_number(store: StateStore, etag: str) -> None:
    with pytest.raises(ETagInvalidError, match="wanted a whole number"):
        await store.set(SetRequest(key="k", value=b"1", etag=etag))
    with pytest.raises(ETagInvalidError):
        await store.delete(DeleteRequest(key="k", etag=etag))


async def test_last_write_overlooks_its_etag(store: StateStore, bare: Bare) -> None:
    await store.set(SetRequest(key="k", value=b"1"))
    await store.set(SetRequest(key="k", value=b"2", etag="77", concurrency=Concurrency.LAST_WRITE))

    assert await bare.hget("k", "data") == b"2"


async def test_life_stays_unless_told(store: StateStore, bare: Bare) -> None:
    await store.set(SetRequest(key="k", value=b"1", metadata={"ttlInSeconds": "100"}))
    await store.set(SetRequest(key="k", value=b"2"))
    assert 90 < await bare.ttl("k") <= 100

    await store.set(SetRequest(key="k", value=b"3", metadata={"ttlInSeconds": "0"}))
    assert await bare.ttl("k") == -1


async def test_component_gives_the_life(empty_redis: int, bare: Bare) -> None:
    async with state_store(RedisStateStore, at(empty_redis, ttlInSeconds="50")) as store:
        await store.set(SetRequest(key="own", value=b"1", metadata={"ttlInSeconds": "100"}))
        await store.set(SetRequest(key="given", value=b"1"))

    assert 90 < await bare.ttl("own") <= 100
    assert 40 < await bare.ttl("given") <= 50


async def test_database_is_chosen(empty_redis: int) -> None:
    async with (
        state_store(RedisStateStore, at(empty_redis, redisDB="3")) as store,
        Bare(port=empty_redis, db=3) as third,
    ):
        await store.set(SetRequest(key="k", value=b"1"))

        assert await third.exists("k") == 1


async def test_forgotten_script_is_sent_again(store: StateStore, bare: Bare) -> None:
    await store.set(SetRequest(key="k", value=b"1"))
    await bare.script_flush()

    await asyncio.gather(*(store.set(SetRequest(key=f"k{number}", value=b"1")) for number in range(20)))

    assert await bare.dbsize() == 21


async def test_given_up_call_hurts_nobody(store: StateStore) -> None:
    first = asyncio.create_task(store.set(SetRequest(key="a", value=b"1")))
    second = asyncio.create_task(store.set(SetRequest(key="b", value=b"1")))
    await asyncio.sleep(0)
    first.cancel()

    await second
    assert await store.get(GetRequest(key="b")) is not None


async def test_server_that_is_not_there_is_named() -> None:
    with pytest.raises(InitError, match=r"redis 127\.0\.0\.1:1: "):
        async with state_store(RedisStateStore, at(1, redisMaxRetries="-1")):
            pass


async def test_lost_server_is_unavailable_and_comes_back() -> None:
    with Redis.running() as redis:
        async with state_store(RedisStateStore, at(redis.port, redisMaxRetries="1")) as store:
            await store.set(SetRequest(key="k", value=b"1"))

            with redis.away(), pytest.raises(UnavailableError, match=f"redis 127.0.0.1:{redis.port}"):
                await store.get(GetRequest(key="k"))
            await store.set(SetRequest(key="k", value=b"2"))
            assert await store.get(GetRequest(key="k")) is not None


async def test_server_that_hangs_times_out(empty_redis: int, bare: Bare) -> None:
    properties = at(empty_redis, readTimeout="100ms", dialTimeout="100ms")
    async with state_store(RedisStateStore, properties) as store:
        await bare.client_pause(1000)
        with pytest.raises(TimedOutError, match=r"no answer within 0\.2 s"):
            await store.get(GetRequest(key="k"))
        await bare.client_unpause()

        await store.set(SetRequest(key="k", value=b"1"))


async def test_wrong_password_is_denied() -> None:
    with redis_server("--requirepass", "hush") as port:
        async with state_store(RedisStateStore, at(port, redisPassword="hush")) as store:
            await store.ping()
        for password in ({}, {"redisPassword": "wrong"}):
            with pytest.raises(InitError, match="check redisUsername and redisPassword") as caught:
                async with state_store(RedisStateStore, at(port, **password)):
                    pass
            assert "hush" not in str(caught.value)
            assert isinstance(caught.value, InitError)


async def test_full_memory_is_a_limit() -> None:
    with redis_server("--maxmemory", "2mb", "--maxmemory-policy", "noeviction") as port:
        async with state_store(RedisStateStore, at(port)) as store:
            writes = [store.set(SetRequest(key=key, value=b"x" * 1_000_000)) for key in "abcdef"]
            answers = await asyncio.gather(*writes, return_exceptions=True)

    assert LimitExceededError in {type(answer) for answer in answers}


async def test_strong_write_waits_for_replicas(empty_redis: int) -> None:
    with redis_server("--replicaof", "127.0.0.1", str(empty_redis)) as replica_port:
        async with Bare(port=replica_port) as replica, asyncio.timeout(30):
            while (await replica.info("replication"))["master_link_status"] != "up":  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            async with state_store(RedisStateStore, at(empty_redis)) as store:
                await store.set(SetRequest(key="k", value=b"1", consistency=Consistency.STRONG))

                assert await replica.hget("k", "data") == b"1"


@pytest.mark.slow
async def test_cluster_takes_the_same_calls(cluster: int) -> None:
    async with state_store(RedisStateStore, at(cluster, redisType="cluster")) as store:
        await store.bulk_set([SetRequest(key=f"k{number}", value=b"1") for number in range(50)])
        items = await store.bulk_get([GetRequest(key=f"k{number}") for number in range(50)])
        assert isinstance(store, RedisStateStore)
        await store.transact([SetRequest(key="{a}1", value=b"1"), SetRequest(key="{a}2", value=b"1")])
        with pytest.raises(InvalidRequestError, match="hash tag"):
            await store.transact([SetRequest(key="a", value=b"1"), SetRequest(key="b", value=b"1")])

    assert all(item.value for item in items)


async def test_each_key_of_a_bulk_has_its_own_answer(store: StateStore, bare: Bare) -> None:
    await store.set(SetRequest(key="value", value=b"1"))
    await bare.set("old", b"2")
    await bare.rpush("list", "a")
    found = await store.bulk_get([GetRequest(key=key) for key in ("list", "old", "missing", "value")])

    assert [item.key for item in found] == ["list", "old", "missing", "value"]
    assert "neither a hash nor a string" in (found[0].error or "")
    assert [item.value and item.value.data for item in found[1:]] == [b"2", None, b"1"]
