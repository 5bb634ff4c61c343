"""What the store in memory can do with keys, here and over a socket."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import pytest

from pluggable.errors import InvalidRequestError
from pluggable.keyspace import DeleteWithPrefixRequest, KeysLikeRequest
from pluggable.state import DeleteRequest, GetRequest, SetRequest
from pluggable_servers.memory.state import InMemoryStateStore
from tests.servers.running import PLACES, state_store

#: Those of upstream's suite (contrib: tests/conformance/state, delete-with-prefix).
NESTED = ("prefix||key1", "prefix||key2", "prefix||prefix2||key3", "other-prefix||key1", "no-prefix")


@pytest.fixture(params=PLACES)
async def store(request: pytest.FixtureRequest) -> AsyncIterator[InMemoryStateStore]:
    """The far end has its capabilities too."""
    async with state_store(InMemoryStateStore, {}, request.param) as found:
        yield found  # type: ignore[misc]  # it is typed by its block


async def write(store: InMemoryStateStore, *keys: str, **metadata: str) -> None:
    await store.bulk_set([SetRequest(key=key, value=b"1", metadata=metadata) for key in keys])


async def keys(store: InMemoryStateStore, pattern: str = "%") -> list[str]:
    return list((await store.keys_like(KeysLikeRequest(pattern=pattern))).keys)


@pytest.mark.parametrize(
    ("prefix", "gone"),
    [
        ("prefix||", NESTED[:2]),
        ("other-prefix", NESTED[3:4]),
        ("prefix||prefix2||", NESTED[2:3]),
        ("pre", ()),
    ],
)
async def test_keys_right_below_a_prefix_are_removed(
    store: InMemoryStateStore, prefix: str, gone: tuple[str, ...]
) -> None:
    await write(store, *NESTED)

    assert await store.delete_with_prefix(DeleteWithPrefixRequest(prefix=prefix)) == len(gone)
    assert await keys(store) == sorted(set(NESTED) - set(gone))


async def test_removed_keys_are_gone_for_everybody(store: InMemoryStateStore) -> None:
    await write(store, "p||k")
    await store.delete_with_prefix(DeleteWithPrefixRequest(prefix="p"))

    assert await store.get(GetRequest(key="p||k")) is None


async def test_keys_are_found_by_pattern(store: InMemoryStateStore) -> None:
    await write(store, "app||a", "app||ab", "app||b", "50%", "501", "größe\n")

    assert await keys(store, "app||a%") == ["app||a", "app||ab"]
    assert await keys(store, "app||_") == ["app||a", "app||b"]
    assert await keys(store, "50\\%") == ["50%"]
    assert await keys(store, "gr_ß%") == ["größe\n"]
    assert await keys(store, "app") == []


async def test_all_keys_come_without_a_page_size(store: InMemoryStateStore) -> None:
    await write(store, *(f"k{number}" for number in range(1025)))

    found = await store.keys_like(KeysLikeRequest(pattern="k%"))
    assert (len(set(found.keys)), found.token) == (1025, None)


async def test_pages_pass_by_no_key_that_stays(store: InMemoryStateStore) -> None:
    await write(store, *(f"k{number:02}" for number in range(10)))
    seen: list[str] = []
    token: str | None = None
    while True:
        page = await store.keys_like(KeysLikeRequest(pattern="k%", page_size=3, token=token))
        seen += page.keys
        for key in page.keys:
            await store.delete(DeleteRequest(key=key))
        if (token := page.token) is None:
            break

    assert seen == [f"k{number:02}" for number in range(10)]


async def test_full_page_may_be_the_last(store: InMemoryStateStore) -> None:
    await write(store, "", "a", "b")
    first = await store.keys_like(KeysLikeRequest(pattern="%", page_size=1))
    second = await store.keys_like(KeysLikeRequest(pattern="%", page_size=2, token=first.token))

    assert (list(first.keys), list(second.keys), second.token) == ([""], ["a", "b"], None)


async def test_expired_keys_count_for_nothing(
    store: InMemoryStateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await write(store, "p||old", ttlInSeconds="5")
    await write(store, "p||new")
    later = time.time() + 6
    monkeypatch.setattr(time, "time", lambda: later)

    assert await keys(store) == ["p||new"]
    assert await store.delete_with_prefix(DeleteWithPrefixRequest(prefix="p")) == 1


async def test_foreign_token_is_refused(store: InMemoryStateStore) -> None:
    with pytest.raises(InvalidRequestError, match='"7" is no token'):
        await store.keys_like(KeysLikeRequest(pattern="%", token="7"))
