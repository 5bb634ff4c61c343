"""Sixty-four writers at once: what each is told is so, whatever becomes of the others."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pluggable import ETagMismatchError
from pluggable.state import Concurrency, GetRequest, SetRequest
from pluggable_servers.sqlite.state import SQLiteStateStore
from tests.servers.running import state_store

WRITERS = 64
Stores = list[SQLiteStateStore]


@pytest.fixture(params=["one store", "two stores of a file"])
async def stores(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stores]:
    """What the writers share out among them; a second store is as another process to SQLite."""
    properties = {"connectionString": str(tmp_path / "orders.db"), "busyTimeout": "20s"}
    async with (
        state_store(SQLiteStateStore, properties) as first,
        state_store(SQLiteStateStore, properties) as second,
    ):
        assert isinstance(first, SQLiteStateStore)
        assert isinstance(second, SQLiteStateStore)
        yield [first] if request.param == "one store" else [first, second]


def of(stores: Stores, writer: int) -> SQLiteStateStore:
    return stores[writer % len(stores)]


async def number(store: SQLiteStateStore, key: str) -> tuple[int, str]:
    found = await store.get(GetRequest(key=key))
    assert found is not None
    assert found.etag is not None
    return int(found.data), found.etag


async def add(store: SQLiteStateStore, key: str, summand: int) -> None:
    """Add to a number, again from the beginning wherever somebody was faster."""
    while True:
        found, etag = await number(store, key)
        try:
            await store.set(SetRequest(key=key, value=str(found + summand).encode(), etag=etag))
        except ETagMismatchError:
            continue
        return


async def test_no_update_is_lost(stores: Stores) -> None:
    await stores[0].bulk_set([SetRequest(key=str(key), value=b"0") for key in range(8)])

    await asyncio.gather(
        *(add(of(stores, writer), str(writer % 8), writer) for writer in range(WRITERS)),
        *(add(of(stores, writer), str(writer // 8), 1000) for writer in range(WRITERS)),
    )

    sums = [sum(range(key, WRITERS, 8)) + 8 * 1000 for key in range(8)]
    assert [(await number(stores[0], str(key)))[0] for key in range(8)] == sums


async def test_one_of_many_is_first(stores: Stores) -> None:
    async def claim(writer: int, key: str) -> str | None:
        value = str(writer).encode()
        first = SetRequest(key=key, value=value, concurrency=Concurrency.FIRST_WRITE)
        try:
            await of(stores, writer).set(first)
        except ETagMismatchError:
            return None
        return f"{key}: {writer}"

    keys = "abcd"
    claims = await asyncio.gather(*(claim(writer, key) for writer in range(WRITERS) for key in keys))

    winners = sorted(filter(None, claims))
    found = [f"{key}: {(await number(stores[0], key))[0]}" for key in keys]
    assert winners == found


async def test_transfers_keep_the_sum(stores: Stores) -> None:
    accounts = [f"account-{each}" for each in range(8)]
    await stores[0].bulk_set([SetRequest(key=key, value=b"1000") for key in accounts])

    async def transfer(writer: int) -> str:
        """Move an amount with both ETags, or find that one is stale."""
        store, giver, taker = of(stores, writer), accounts[writer % 8], accounts[(writer + 3) % 8]
        (has, giving), (had, taking) = await number(store, giver), await number(store, taker)
        operations = [
            SetRequest(key=giver, value=str(has - writer).encode(), etag=giving),
            SetRequest(key=taker, value=str(had + writer).encode(), etag=taking),
        ]
        try:
            await store.transact(operations)
        except ETagMismatchError:
            return "stale"
        return "moved"

    outcomes: Counter[str] = Counter()
    for _ in range(8):
        outcomes.update(await asyncio.gather(*(transfer(writer) for writer in range(WRITERS))))

    assert sum([(await number(stores[0], key))[0] for key in accounts]) == 8000
    assert outcomes["moved"] >= 8
    assert outcomes["stale"] >= 8


async def test_failure_of_one_costs_no_other(stores: Stores) -> None:
    """Every third write fails, alone or in a transaction whose first step would have succeeded."""

    async def write(writer: int) -> str:
        store, key = of(stores, writer), f"key-{writer}"
        request = SetRequest(key=key, value=b"1")
        stale = SetRequest(key="nowhere", value=b"1", etag="stale")
        try:
            match writer % 6:
                case 0:
                    await store.set(stale)
                case 3:
                    await store.transact([request, stale])
                case 1:
                    await store.transact([request])
                case _:
                    await store.set(request)
        except ETagMismatchError:
            return "refused"
        return key

    answers = await asyncio.gather(*(write(writer) for writer in range(WRITERS)))

    written = {answer for answer in answers if answer != "refused"}
    items = await stores[0].bulk_get([GetRequest(key=f"key-{writer}") for writer in range(WRITERS)])
    assert {item.key for item in items if item.value} == written
    assert len(written) == sum(1 for writer in range(WRITERS) if writer % 3)
