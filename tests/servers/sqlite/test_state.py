from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from pluggable import (
    BulkError,
    DeniedError,
    ETagMismatchError,
    InitError,
    LimitExceededError,
    MetadataError,
    UnavailableError,
)
from pluggable.state import GetRequest, SetRequest, Transactional
from pluggable_servers.sqlite.state import SQLiteStateStore
from tests.servers.running import state_store


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "orders.db")


@pytest.fixture
async def store(path: str) -> AsyncIterator[SQLiteStateStore]:
    async with state_store(SQLiteStateStore, {"connectionString": path}) as found:
        assert isinstance(found, SQLiteStateStore)
        yield found


async def refused(properties: dict[str, str]) -> str:
    with pytest.raises(InitError) as caught:
        async with state_store(SQLiteStateStore, properties):
            pass
    return str(caught.value)


async def test_missing_folder_is_named(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "orders.db"

    assert f'the folder "{path.parent}" is missing' in await refused({"connectionString": str(path)})


async def test_folder_instead_of_a_file_is_named(tmp_path: Path) -> None:
    assert "it is a folder" in await refused({"connectionString": str(tmp_path)})


async def test_file_that_is_no_database_is_named(path: str) -> None:
    await asyncio.to_thread(Path(path).write_bytes, b"order,price\n" * 100)

    text = await refused({"connectionString": path})

    assert text.startswith('state.sqlite "orders": ')
    assert f'"{path}"' in text
    assert "not a SQLite database" in text


async def test_missing_file_is_not_made_for_reading(path: str) -> None:
    assert "the file is missing" in await refused({"connectionString": f"file:{path}?mode=ro"})


async def test_faults_are_told_at_once() -> None:
    with pytest.raises(MetadataError) as caught:
        async with state_store(SQLiteStateStore, {"tableName": "a-b", "timeout": "soon"}):
            pass

    assert "connectionString is missing" in str(caught.value)
    assert 'timeout is "soon"' in str(caught.value)


@pytest.mark.parametrize(
    ("properties", "text"),
    [
        ({"tableName": "a-b"}, 'tableName is "a-b", wanted letters'),
        ({"timeout": "10ms"}, "wanted 1 s or more"),
        ({"metadataTableName": "state"}, "wanted two tables"),
        ({"connectionString": "x.db?_pragma=journal_mode(WAL)"}, "use the property disableWAL"),
        ({"connectionString": "x.db?_pragma=busy_timeout(1)"}, "use the property busyTimeout"),
    ],
)
async def test_bad_property_is_named(properties: dict[str, str], text: str) -> None:
    assert text in await refused({"connectionString": ":memory:", **properties})


async def test_url_is_the_other_name(path: str) -> None:
    async with state_store(SQLiteStateStore, {"URL": path}) as store:
        await store.set(SetRequest(key="k", value=b"1"))

    assert await asyncio.to_thread(Path(path).is_file)


async def test_read_only_store_refuses_writes(path: str) -> None:
    async with state_store(SQLiteStateStore, {"connectionString": path}) as store:
        await store.set(SetRequest(key="k", value=b"1"))

    async with state_store(SQLiteStateStore, {"connectionString": f"file:{path}?mode=ro"}) as store:
        with pytest.raises(DeniedError, match="opened for reading only"):
            await store.set(SetRequest(key="k", value=b"2"))
        found = await store.get(GetRequest(key="k"))

    assert found is not None
    assert found.data == b"1"


async def test_locked_database_is_unavailable(path: str) -> None:
    async with state_store(SQLiteStateStore, {"connectionString": path, "busyTimeout": "10ms"}) as store:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(UnavailableError, match="another process holds its lock"):
                await store.set(SetRequest(key="k", value=b"1"))
            assert await store.get(GetRequest(key="k")) is None
            other.execute("ROLLBACK")

        await store.set(SetRequest(key="k", value=b"2"))


async def test_lock_of_another_process_is_waited_for(store: SQLiteStateStore, path: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        writing = asyncio.create_task(store.set(SetRequest(key="k", value=b"1")))
        _, pending = await asyncio.wait([writing], timeout=0.05)
        assert pending
        other.execute("COMMIT")

    await writing


async def test_full_disk_fails_the_large_value_alone(path: str) -> None:
    full = f"file:{path}?_pragma=max_page_count(40)"
    async with state_store(SQLiteStateStore, {"connectionString": full}) as store:
        with pytest.raises(BulkError) as caught:
            await store.bulk_set(
                [
                    SetRequest(key="small", value=b"1"),
                    SetRequest(key="large", value=b"x" * 1_000_000),
                    SetRequest(key="other", value=b"2"),
                ]
            )
        small = await store.get(GetRequest(key="small"))
        other = await store.get(GetRequest(key="other"))

    assert set(caught.value.failures) == {"large"}
    assert isinstance(caught.value.failures["large"], LimitExceededError)
    assert small is not None
    assert other is not None


async def test_failing_transaction_spares_its_group(store: SQLiteStateStore) -> None:
    assert isinstance(store, Transactional)
    answers = await asyncio.gather(
        store.set(SetRequest(key="a", value=b"1")),
        store.transact([SetRequest(key="b", value=b"1"), SetRequest(key="c", value=b"1", etag="no")]),
        store.set(SetRequest(key="d", value=b"1")),
        return_exceptions=True,
    )

    items = await store.bulk_get([GetRequest(key=key) for key in "abcd"])
    assert [type(answer) for answer in answers] == [type(None), ETagMismatchError, type(None)]
    assert [item.value is not None for item in items] == [True, False, False, True]


async def test_given_up_write_hurts_nobody(store: SQLiteStateStore) -> None:
    first = asyncio.create_task(store.set(SetRequest(key="a", value=b"1")))
    second = asyncio.create_task(store.set(SetRequest(key="b", value=b"1")))
    await asyncio.sleep(0)
    first.cancel()

    await second
    assert await store.get(GetRequest(key="b")) is not None


async def test_closing_finishes_what_was_begun(path: str) -> None:
    async with state_store(SQLiteStateStore, {"connectionString": path}) as store:
        writes = [
            asyncio.create_task(store.set(SetRequest(key=str(number), value=b"1"))) for number in range(2000)
        ]
        await asyncio.sleep(0)
    await asyncio.gather(*writes)

    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM state").fetchone() == (2000,)


async def test_two_stores_share_a_file(path: str) -> None:
    properties = {"connectionString": path}
    async with (
        state_store(SQLiteStateStore, properties) as first,
        state_store(SQLiteStateStore, properties) as second,
    ):
        await asyncio.gather(
            *(first.set(SetRequest(key=f"a{number}", value=b"1")) for number in range(100)),
            *(second.set(SetRequest(key=f"b{number}", value=b"1")) for number in range(100)),
        )
        items = await first.bulk_get([GetRequest(key=f"b{number}") for number in range(100)])

    assert all(item.value for item in items)


async def test_eight_stores_open_a_new_file_at_once(path: str) -> None:
    stores = [SQLiteStateStore() for _ in range(8)]
    async with asyncio.TaskGroup() as tasks:
        for _ in stores:
            tasks.create_task(_opened_and_closed(path))


async def _opened_and_closed(path: str) -> None:
    async with state_store(SQLiteStateStore, {"connectionString": path}) as store:
        await store.set(SetRequest(key="k", value=b"1"))


@pytest.mark.parametrize("connection", [":memory:", "file::memory:?cache=shared"])
async def test_memory_belongs_to_its_component(connection: str) -> None:
    properties = {"connectionString": connection}
    async with (
        state_store(SQLiteStateStore, properties) as first,
        state_store(SQLiteStateStore, properties) as second,
    ):
        await first.set(SetRequest(key="k", value=b"1"))

        assert await first.get(GetRequest(key="k")) is not None
        assert await second.get(GetRequest(key="k")) is None


async def test_wal_can_be_switched_off(path: str) -> None:
    async with state_store(SQLiteStateStore, {"connectionString": path, "disableWAL": "yes"}) as store:
        await store.set(SetRequest(key="k", value=b"1"))

    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)


async def test_expired_rows_are_cleaned_up(path: str) -> None:
    properties = {"connectionString": path, "cleanupInterval": "150ms"}
    async with state_store(SQLiteStateStore, properties) as store:
        await store.set(SetRequest(key="kept", value=b"1", metadata={"ttlInSeconds": "100"}))
        await store.set(SetRequest(key="gone", value=b"1", metadata={"ttlInSeconds": "1"}))
        async with asyncio.timeout(10):
            with closing(sqlite3.connect(path)) as connection:
                while connection.execute("SELECT count(*) FROM state").fetchone() != (1,):  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
                about = dict(connection.execute("SELECT key, value FROM metadata").fetchall())

    assert set(about) == {"migrations", "last-cleanup"}


async def test_store_that_does_not_answer_is_told(path: str) -> None:
    properties = {"connectionString": path, "timeout": "1s", "busyTimeout": "3s"}
    async with state_store(SQLiteStateStore, properties) as store:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(Exception, match="no answer within 1 s"):
                await store.set(SetRequest(key="k", value=b"1"))
            with pytest.raises(UnavailableError, match="has not answered"):
                await store.set(SetRequest(key="k", value=b"1"))
            other.execute("ROLLBACK")
