"""Where reads are answered: on the loop where they come alone and are quick, else in a thread."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pluggable.state import GetRequest, SetRequest
from pluggable_servers.sqlite.pace import Pace
from pluggable_servers.sqlite.state import SQLiteStateStore
from tests.servers.running import state_store


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SQLiteStateStore]:
    async with state_store(SQLiteStateStore, {"connectionString": str(tmp_path / "orders.db")}) as found:
        assert isinstance(found, SQLiteStateStore)
        yield found


async def answered_in_place(store: SQLiteStateStore) -> bool:
    """Read, and return whether the answer was there without waiting."""
    reading = store.get(GetRequest(key="k"))
    try:
        reading.send(None)
    except StopIteration:
        return True
    reading.close()
    return False


async def test_quick_reads_are_answered_in_place(store: SQLiteStateStore) -> None:
    async with asyncio.timeout(20):
        while True:
            await store.get(GetRequest(key="k"))
            await asyncio.sleep(0)
            if await answered_in_place(store):
                return
            await asyncio.sleep(0)


async def test_reads_that_come_together_are_left_to_the_thread(store: SQLiteStateStore) -> None:
    await store.get(GetRequest(key="k"))
    await asyncio.sleep(0)
    first, second = [asyncio.create_task(store.get(GetRequest(key="k"))) for _ in range(2)]
    await asyncio.sleep(0)

    assert not second.done()
    await first
    await second


async def test_reads_beside_a_write_are_left_to_the_thread(store: SQLiteStateStore) -> None:
    await store.get(GetRequest(key="k"))
    writing = asyncio.create_task(store.set(SetRequest(key="k", value=b"1")))
    await asyncio.sleep(0)

    assert not await answered_in_place(store)
    await writing


async def test_large_bulk_is_left_to_the_thread(store: SQLiteStateStore) -> None:
    requests = [GetRequest(key=str(number)) for number in range(1000)]
    await store.bulk_set([SetRequest(key=each.key, value=each.key.encode()) for each in requests[::2]])
    reading = store.bulk_get([*requests, requests[0]])

    assert reading.send(None) is not None
    reading.close()
    items = await store.bulk_get([*requests, requests[0]])
    assert [item.key for item in items] == [*(each.key for each in requests), "0"]
    assert [item.value.data if item.value else None for item in items[:4]] == [b"0", None, b"2", None]


def test_unknown_pace_is_not_quick() -> None:
    assert not Pace().is_quick()


def test_quick_read_makes_it_quick() -> None:
    pace = Pace()
    pace.took(time.monotonic())

    assert pace.is_quick()


def test_slow_read_is_remembered_in_proportion() -> None:
    pace = Pace()
    pace.took(time.monotonic() - 60)
    pace.took(time.monotonic())

    assert not pace.is_quick()
