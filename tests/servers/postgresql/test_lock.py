from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from pluggable import LockStore, Metadata
from pluggable.errors import ComponentError
from pluggable.lock import TryLockRequest, UnlockRequest, UnlockStatus
from pluggable_servers.postgresql.lock import PostgreSQLLockStore
from tests.backends.postgresql import PostgreSQL

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("postgresql")]


def ask(owner: str, seconds: int = 60) -> TryLockRequest:
    return TryLockRequest(resource="r", owner=owner, expiry_seconds=seconds)


async def opened(server: PostgreSQL, database: str) -> PostgreSQLLockStore:
    store = PostgreSQLLockStore()
    await store.init(Metadata({"connectionString": server.url(database)}, "locks"))
    return store


@pytest.fixture
async def locks(postgresql: PostgreSQL, database: str) -> AsyncIterator[LockStore]:
    store = await opened(postgresql, database)
    yield store
    await store.close()


async def test_one_of_many_gets_the_lock(locks: LockStore) -> None:
    taken = await asyncio.gather(*(locks.try_lock(ask(f"owner-{number}")) for number in range(50)))

    assert taken.count(True) == 1


async def test_only_its_owner_gives_a_lock_back(locks: LockStore) -> None:
    await locks.try_lock(ask("me"))

    assert await locks.unlock(UnlockRequest(resource="r", owner="you")) is UnlockStatus.LOCK_BELONGS_TO_OTHERS
    assert await locks.unlock(UnlockRequest(resource="r", owner="me")) is UnlockStatus.SUCCESS
    assert await locks.unlock(UnlockRequest(resource="r", owner="me")) is UnlockStatus.LOCK_DOES_NOT_EXIST


async def test_lock_is_free_after_its_time(locks: LockStore) -> None:
    begun = time.monotonic()
    await locks.try_lock(ask("me", seconds=1))

    async with asyncio.timeout(30):
        while not await locks.try_lock(ask("you")):
            pass  # nobody tells of a time that is over
    assert time.monotonic() - begun >= 0.9
    assert await locks.unlock(UnlockRequest(resource="r", owner="me")) is UnlockStatus.LOCK_BELONGS_TO_OTHERS


async def test_table_may_be_in_a_schema(postgresql: PostgreSQL, database: str) -> None:
    postgresql.sql("CREATE SCHEMA apart", database)
    store = PostgreSQLLockStore()
    properties = {"connectionString": postgresql.url(database), "tableName": "apart.locks"}
    await store.init(Metadata(properties, "locks"))
    try:
        assert await store.try_lock(ask("me"))
    finally:
        await store.close()

    assert postgresql.sql("SELECT owner FROM apart.locks", database) == "me"


async def test_locks_that_nobody_gave_back_are_removed(
    locks: LockStore, postgresql: PostgreSQL, database: str
) -> None:
    for number in range(20):
        await locks.try_lock(TryLockRequest(resource=f"old-{number}", owner="me", expiry_seconds=60))
    postgresql.sql("UPDATE dapr_locks SET expires = clock_timestamp() - interval '1 second'", database)
    for _ in range(500):
        await locks.try_lock(ask("me"))

    assert postgresql.sql("SELECT resource FROM dapr_locks", database) == "r"


async def test_many_make_the_table_at_once(postgresql: PostgreSQL, database: str) -> None:
    stores = await asyncio.gather(*(opened(postgresql, database) for _ in range(8)))
    for store in stores:
        await store.close()


async def test_lock_outlives_a_restart_of_the_server() -> None:
    with PostgreSQL.running() as own:
        store = await opened(own, "postgres")
        assert await store.try_lock(ask("me"))
        with own.away(), pytest.raises(ComponentError, match=f"postgresql 127.0.0.1:{own.port}/postgres: "):
            await store.try_lock(ask("you"))

        assert not await store.try_lock(ask("you"))
        assert await store.unlock(UnlockRequest(resource="r", owner="me")) is UnlockStatus.SUCCESS
        await store.close()
