from __future__ import annotations

import asyncio
import time

import pytest

from pluggable import BulkError, ETagMismatchError
from pluggable.state import Concurrency, DeleteRequest, GetRequest, SetRequest
from pluggable_servers.memory import expirations
from pluggable_servers.memory.expirations import Expirations
from pluggable_servers.memory.state import InMemoryStateStore
from tests.servers.running import state_store


async def test_expired_keys_are_swept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expirations, "SHORTEST_WAIT", 0.01)
    gone: asyncio.Queue[str] = asyncio.Queue()
    found = Expirations(gone.put_nowait)
    now = time.time()
    found.add("long", now + 3600)
    found.add("kept", now)
    found.discard("kept")
    found.add("second", now + 0.05)
    found.add("first", now)

    async with asyncio.timeout(5):
        assert [await gone.get(), await gone.get()] == ["first", "second"]
    found.close()
    assert gone.empty()


async def test_a_key_written_often_costs_little() -> None:
    found = Expirations(lambda _: None)
    for number in range(10_000):
        found.add("k", time.time() + 1000 + number)

    assert len(found._heap) < 100
    found.close()


async def test_bulk_names_the_keys_that_failed() -> None:
    async with state_store(InMemoryStateStore, {}) as store:
        await store.set(SetRequest(key="a", value=b"1"))
        with pytest.raises(BulkError) as caught:
            await store.bulk_set(
                [SetRequest(key="a", value=b"2", etag="other"), SetRequest(key="b", value=b"2")]
            )

    assert set(caught.value.failures) == {"a"}
    assert isinstance(caught.value.failures["a"], ETagMismatchError)


async def test_first_write_delete_wants_nothing_there() -> None:
    async with state_store(InMemoryStateStore, {}) as store:
        await store.set(SetRequest(key="a", value=b"1"))
        with pytest.raises(ETagMismatchError, match="there already"):
            await store.delete(DeleteRequest(key="a", concurrency=Concurrency.FIRST_WRITE))

        assert await store.get(GetRequest(key="a")) is not None
