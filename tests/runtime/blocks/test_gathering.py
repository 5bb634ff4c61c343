"""Gets that leave together: what is one call, what is not, and that nobody gets another's fate."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from pluggable import state
from pluggable.errors import InvalidRequestError, LimitExceededError, UnavailableError
from pluggable.keyspace import NativeBulk
from pluggable.runtime.blocks import gathering
from pluggable.runtime.blocks.gathering import Gathering
from pluggable.runtime.blocks.state import GATHER_GETS, State
from pluggable.runtime.config import RuntimeConfig
from tests.runtime.blocks.inmemory import Components, loaded


class Store(state.StateStore, NativeBulk):
    """Notes each call, and answers none before it is let."""

    def __init__(self, limit: int | None = None) -> None:
        self.calls: list[list[str]] = []
        self.open = asyncio.Event()
        self.limit = limit
        self.refusal: Exception | None = None
        self.bad_keys: set[str] = set()
        self.size = 0

    async def get(self, request: state.GetRequest) -> state.GetResponse | None:
        self.calls.append([request.key])
        await self.open.wait()
        if request.key in self.bad_keys:
            raise InvalidRequestError(f"{request.key} is no key")
        return self._value(request.key)

    async def bulk_get(
        self,
        requests: Sequence[state.GetRequest],
        *,
        parallelism: int = 0,  # noqa: ARG002
    ) -> list[state.BulkGetItem]:
        self.calls.append([request.key for request in requests])
        await self.open.wait()
        if self.refusal is not None:
            raise self.refusal
        return [
            state.BulkGetItem(key=each.key, error="bad")
            if each.key in self.bad_keys
            else state.BulkGetItem(key=each.key, value=self._value(each.key))
            for each in requests
        ]

    async def bulk_get_limit(self) -> int | None:
        return self.limit

    async def set(self, request: state.SetRequest) -> None: ...

    async def delete(self, request: state.DeleteRequest) -> None: ...

    def _value(self, key: str) -> state.GetResponse | None:
        return None if key == "missing" else state.GetResponse(data=key.encode().ljust(self.size))


async def got(store: Store, *keys: str, gets: Gathering | None = None) -> list[object]:
    """Get these at once, and return the values, or the errors."""
    gets = gets or Gathering(store)
    store.open.clear()
    tasks = [asyncio.create_task(gets.get(state.GetRequest(key=key))) for key in keys]
    await asyncio.sleep(0)
    store.open.set()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    return [each.data if isinstance(each, state.GetResponse) else each for each in found]


async def test_first_leaves_at_once_and_the_others_together() -> None:
    store = Store()

    assert await got(store, "a", "b", "c", "missing") == [b"a", b"b", b"c", None]
    assert store.calls == [["a"], ["b", "c", "missing"]]


async def test_key_that_several_want_is_fetched_once() -> None:
    store = Store()

    assert await got(store, "a", "b", "b", "c") == [b"a", b"b", b"b", b"c"]
    assert store.calls == [["a"], ["b", "c"]]


async def test_one_that_waits_alone_is_got_alone() -> None:
    store = Store()

    assert await got(store, "a", "b") == [b"a", b"b"]
    assert store.calls == [["a"], ["b"]]


async def test_get_with_options_leaves_as_it_is() -> None:
    store = Store()
    store.open.set()
    gets = Gathering(store)
    strong = state.GetRequest(key="s", consistency=state.Consistency.STRONG)
    partition = state.GetRequest(key="p", metadata={"partitionKey": "x"})
    await asyncio.gather(gets.get(state.GetRequest(key="a")), gets.get(strong), gets.get(partition))

    assert store.calls == [["a"], ["s"], ["p"]]


async def test_failing_key_has_its_own_error_and_costs_no_other() -> None:
    store = Store()
    store.bad_keys = {"bad"}
    a, bad, c = await got(store, "a", "bad", "c")

    assert [a, c] == [b"a", b"c"]
    assert isinstance(bad, InvalidRequestError)
    assert store.calls == [["a"], ["bad", "c"], ["bad"]]


async def test_refused_call_is_made_one_by_one_and_the_next_is_smaller() -> None:
    store = Store()
    store.refusal = LimitExceededError("too much")
    gets = Gathering(store)
    found = await got(store, *"abcde", gets=gets)
    calls, store.calls, store.refusal = store.calls, [], None
    await got(store, *"abcde", gets=gets)

    assert found == [b"a", b"b", b"c", b"d", b"e"]
    assert calls == [["a"], ["b", "c", "d", "e"], ["b"], ["c"], ["d"], ["e"]]
    assert store.calls == [["a"], ["b", "c"], ["d", "e"]]


@pytest.mark.parametrize("error", [UnavailableError("it is down"), RuntimeError("a bug")])
async def test_store_that_is_down_is_told_to_all_who_wait(error: Exception) -> None:
    store = Store()
    store.refusal = error
    _, *others = await got(store, "a", "b", "c")

    assert others == [error, error]


async def test_call_has_no_more_keys_than_the_store_takes() -> None:
    store = Store(limit=2)
    await got(store, "a", "b", "c", "d", "e")

    assert store.calls == [["a"], ["b", "c"], ["d", "e"]]


async def test_large_values_leave_in_smaller_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "BYTES", 1000)
    store = Store()
    store.size = 400
    gets = Gathering(store)
    for _ in range(3):
        store.calls.clear()
        await got(store, *"abcdefg", gets=gets)

    assert max(map(len, store.calls)) == 2


async def test_slow_call_holds_up_no_others_for_long() -> None:
    store = Store()
    gets = Gathering(store)
    slow = asyncio.create_task(gets.get(state.GetRequest(key="slow")))
    await asyncio.sleep(0)
    others = [asyncio.create_task(gets.get(state.GetRequest(key=key))) for key in "bc"]
    async with asyncio.timeout(5):
        while len(store.calls) < 2:  # noqa: ASYNC110  a store is called, and tells nobody
            await asyncio.sleep(0.01)

    assert store.calls == [["slow"], ["b", "c"]]
    assert not slow.done()
    store.open.set()
    await asyncio.gather(slow, *others)


async def test_caller_that_gives_up_costs_the_others_nothing() -> None:
    store = Store()
    gets = Gathering(store)
    tasks = [asyncio.create_task(gets.get(state.GetRequest(key=key))) for key in "abbc"]
    await asyncio.sleep(0)
    tasks[1].cancel()
    store.open.set()
    found = await asyncio.gather(*tasks, return_exceptions=True)

    assert [type(each) for each in found] == [
        state.GetResponse,
        asyncio.CancelledError,
        state.GetResponse,
        state.GetResponse,
    ]


@pytest.mark.parametrize(
    ("switch", "calls"),
    [("true", [["app||a"], ["app||b", "app||c"]]), ("false", [["app||a"], ["app||b"], ["app||c"]])],
)
async def test_component_can_switch_it_off(
    components: Components, switch: str, calls: list[list[str]]
) -> None:
    store = Store()
    components.catalog.state["store"] = loaded("store", "state.store", store, {GATHER_GETS: switch})
    block = State(components.catalog, RuntimeConfig(app_id="app")).store("store")
    tasks = [asyncio.create_task(block.get(key)) for key in "abc"]
    await asyncio.sleep(0)
    store.open.set()
    await asyncio.gather(*tasks)

    assert store.calls == calls
