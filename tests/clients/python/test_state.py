"""State, by Dapr's Python client."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.clients.python.speaking import Client, refused


async def passing() -> None:
    """Let time pass, which is what is waited for."""
    await asyncio.sleep(0.1)


def item(key: str, value: bytes | str, etag: str | None = None) -> Any:
    from dapr.clients.grpc._state import StateItem

    return StateItem(key=key, value=value, etag=etag)


def options(concurrency: str) -> Any:
    from dapr.clients.grpc._state import Concurrency, Consistency, StateOptions

    return StateOptions(concurrency=Concurrency[concurrency], consistency=Consistency.strong)


@pytest.fixture(params=["store", "table"])
def store(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def test_value_comes_back_as_it_was_stored(dapr: Client, store: str, key: str) -> None:
    await dapr.call("save_state", store, key, b"\x00\xff")
    found = await dapr.call("get_state", store, key)

    assert found.data == b"\x00\xff"
    assert found.etag


async def test_missing_value_is_empty(dapr: Client, store: str, key: str) -> None:
    found = await dapr.call("get_state", store, key)

    assert (found.data, found.etag) == (b"", "")


async def test_stale_etag_is_refused(dapr: Client, store: str, key: str) -> None:
    await dapr.call("save_state", store, key, "1")
    stale = (await dapr.call("get_state", store, key)).etag
    await dapr.call("save_state", store, key, "2", etag=stale, options=options("first_write"))

    with refused("ABORTED"):
        await dapr.call("save_state", store, key, "3", etag=stale)
    with refused("ABORTED"):
        await dapr.call("delete_state", store, key, etag=stale)
    assert (await dapr.call("get_state", store, key)).data == b"2"


async def test_first_write_wins_where_that_is_asked(dapr: Client, store: str, key: str) -> None:
    await dapr.call("save_state", store, key, "1", options=options("first_write"))

    with refused("ABORTED"):
        await dapr.call("save_state", store, key, "2", options=options("first_write"))
    await dapr.call("save_state", store, key, "3", options=options("last_write"))
    assert (await dapr.call("get_state", store, key)).data == b"3"


async def test_value_is_gone_after_its_time(dapr: Client, store: str, key: str) -> None:
    await dapr.call("save_state", store, key, "1", state_metadata={"ttlInSeconds": "1"})
    assert (await dapr.call("get_state", store, key)).data == b"1"

    async with asyncio.timeout(10):
        while (await dapr.call("get_state", store, key)).data:
            await passing()


async def test_many_are_saved_and_read_at_once(dapr: Client, store: str, key: str) -> None:
    keys = [f"{key}-{number}" for number in range(20)]
    await dapr.call("save_bulk_state", store, [item(each, each) for each in keys])
    found = await dapr.call("get_bulk_state", store, [*keys, f"{key}-none"], parallelism=4)

    assert [(each.key, each.data) for each in found.items] == [
        *((each, each.encode()) for each in keys),
        (f"{key}-none", b""),
    ]
    assert all(each.etag and not each.error for each in found.items[:-1])


async def test_deleted_value_is_gone(dapr: Client, store: str, key: str) -> None:
    await dapr.call("save_state", store, key, "1")
    found = await dapr.call("get_state", store, key)
    await dapr.call("delete_state", store, key, etag=found.etag)

    assert (await dapr.call("get_state", store, key)).data == b""
    await dapr.call("delete_state", store, key)


async def test_transaction_happens_as_a_whole_or_not_at_all(dapr: Client, store: str, key: str) -> None:
    from dapr.clients.grpc._request import TransactionalStateOperation, TransactionOperationType

    old, new = f"{key}-old", f"{key}-new"
    await dapr.call("save_state", store, old, "1")
    operations = [
        TransactionalStateOperation(key=new, data="2"),
        TransactionalStateOperation(key=old, operation_type=TransactionOperationType.delete),
    ]
    await dapr.call("execute_state_transaction", store, operations)
    assert (await dapr.call("get_state", store, old)).data == b""
    assert (await dapr.call("get_state", store, new)).data == b"2"

    stale = TransactionalStateOperation(key=new, data="3", etag="4711")
    with refused("INTERNAL", "etag mismatch"):
        await dapr.call(
            "execute_state_transaction", store, [TransactionalStateOperation(key=old, data="4"), stale]
        )
    assert (await dapr.call("get_state", store, old)).data == b""


async def test_query_of_a_store_without_says_so(dapr: Client, store: str) -> None:
    with refused("INTERNAL", "does not support querying"):
        await dapr.call("query_state", store, '{"filter": {}}')
