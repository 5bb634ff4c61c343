from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import redis.asyncio

from pluggable import InitError, LockStore, UnavailableError
from pluggable.lock import TryLockRequest, UnlockRequest, UnlockStatus
from pluggable.testing import connected
from pluggable_servers.redis.lock import RedisLockStore
from tests.servers.running import redis_server

Bare = redis.asyncio.Redis
#: What daprd 1.18.3 stored for a lock of "me" on "k" by application "app", in a store with no prefix set.
KEY, VALUE = b"lock||app||k", b"me"


def asked(owner: str = "me", seconds: int = 60) -> TryLockRequest:
    return TryLockRequest(resource=KEY.decode(), owner=owner, expiry_seconds=seconds)


def back(owner: str = "me") -> UnlockRequest:
    return UnlockRequest(resource=KEY.decode(), owner=owner)


@pytest.fixture
async def store(empty_redis: int) -> AsyncIterator[LockStore]:
    async with connected(RedisLockStore, {"redisHost": f"127.0.0.1:{empty_redis}"}) as found:
        yield found


async def test_lock_is_daprs_string(store: LockStore, bare: Bare) -> None:
    assert await store.try_lock(asked())

    assert [key async for key in bare.scan_iter()] == [KEY]
    assert await bare.get(KEY) == VALUE
    assert 59 <= await bare.ttl(KEY) <= 60


async def test_lock_of_a_daprd_counts(store: LockStore, bare: Bare) -> None:
    await bare.set(KEY, VALUE, ex=60)

    assert not await store.try_lock(asked())
    assert await store.unlock(back("you")) is UnlockStatus.LOCK_BELONGS_TO_OTHERS
    assert await store.unlock(back()) is UnlockStatus.SUCCESS
    assert await store.unlock(back()) is UnlockStatus.LOCK_DOES_NOT_EXIST
    assert not await bare.exists(KEY)


async def test_refused_lock_keeps_its_time(store: LockStore, bare: Bare) -> None:
    await store.try_lock(asked(seconds=60))
    await store.try_lock(asked(seconds=600))

    assert await bare.ttl(KEY) <= 60


async def test_cluster_is_refused() -> None:
    with pytest.raises(InitError, match="does not support connecting to Redis Cluster"):
        async with connected(RedisLockStore, {"redisHost": "127.0.0.1:1", "redisType": "cluster"}):
            pass


async def test_server_with_replicas_is_refused(empty_redis: int) -> None:
    with redis_server("--replicaof", "127.0.0.1", str(empty_redis)) as replica_port:
        async with Bare(port=replica_port) as replica, asyncio.timeout(30):
            while (await replica.info("replication"))["master_link_status"] != "up":  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        with pytest.raises(InitError, match="replication is not supported"):
            async with connected(RedisLockStore, {"redisHost": f"127.0.0.1:{empty_redis}"}):
                pass


@pytest.mark.slow
async def test_server_that_is_gone_is_an_error() -> None:
    with redis_server() as port:
        async with connected(
            RedisLockStore, {"redisHost": f"127.0.0.1:{port}", "redisMaxRetries": "-1"}
        ) as store:
            async with Bare(port=port) as bare:
                await bare.shutdown(nosave=True)

            with pytest.raises(UnavailableError, match=f"redis 127.0.0.1:{port}"):
                await store.try_lock(asked())
            with pytest.raises(UnavailableError, match=f"redis 127.0.0.1:{port}"):
                await store.unlock(back())
