from __future__ import annotations

import asyncio
import json

import pytest

from pluggable import state
from pluggable.runtime import resources
from pluggable.runtime.blocks.keys import original_key
from pluggable.runtime.blocks.state import State, Store
from pluggable.runtime.components.catalog import Loaded
from pluggable.runtime.config import RuntimeConfig
from pluggable.runtime.encryption import Encryption, Key
from pluggable.runtime.errors import QueryFailedError, StateGetError
from tests.runtime.blocks.inmemory import Components, QueryableStore

KEY = bytes(range(32))
READER = Encryption(Key("key", KEY))


@pytest.fixture
def kept() -> QueryableStore:
    return QueryableStore()


@pytest.fixture
def store(components: Components, kept: QueryableStore) -> Store:
    item = resources.MetadataItem(name="primaryEncryptionKey", secret_name="key")
    spec = resources.Component(name="vault", type="state.x", metadata=(item,))
    components.catalog.state["vault"] = Loaded(spec, kept, {"primaryEncryptionKey": KEY.hex()})
    return State(components.catalog, RuntimeConfig(app_id="app")).store("vault")


def put(key: str, value: bytes) -> state.SetRequest:
    return state.SetRequest(key=f"app||{key}", value=value)


def decrypted(kept: QueryableStore, key: str) -> bytes:
    return READER.decrypt(kept.values[f"app||{key}"].data)


async def test_values_are_kept_encrypted(store: Store, kept: QueryableStore) -> None:
    await store.save([put("a", b"1")])
    await store.save([put("b", b"2"), put("c", b"3")])
    await store.transact([put("d", b"4"), state.DeleteRequest(key="app||a")])

    assert {key: READER.decrypt(value.data) for key, value in kept.values.items()} == {
        "app||b": b"2",
        "app||c": b"3",
        "app||d": b"4",
    }


async def test_values_are_read_decrypted(store: Store) -> None:
    await store.save([put("a", b"1")])

    found = await store.get("a")
    items = await store.bulk_get(["a", "b"])

    assert found is not None
    assert (found.data, found.etag) == (b"1", "1")
    assert [item.value and item.value.data for item in items] == [b"1", None]


@pytest.mark.parametrize(
    ("text", "kept_as"),
    [('"value1"', "value1"), ('"\\u00fc\\n"', "ü\n"), ('{"a":1}', '{"a":1}'), ("7", "7"), ("null", "null")],
)
async def test_string_is_kept_without_its_quotes(
    store: Store, kept: QueryableStore, text: str, kept_as: str
) -> None:
    await store.save([put("a", text.encode())], as_json=True)
    await store.transact([put("b", text.encode())], as_json=True)

    assert decrypted(kept, "a") == decrypted(kept, "b") == kept_as.encode()


async def test_bytes_that_look_like_a_string_stay(store: Store, kept: QueryableStore) -> None:
    await store.save([put("a", b'"value1"')])

    assert decrypted(kept, "a") == b'"value1"'


async def test_value_that_was_never_encrypted_is_an_error(store: Store, kept: QueryableStore) -> None:
    await kept.set(put("a", b"plain"))

    with pytest.raises(StateGetError, match="fail to get a from state store vault: could not decrypt"):
        await store.get("a")
    [item] = await store.bulk_get(["a"])
    assert (original_key(item.key), item.value) == ("a", None)
    assert "encryption key name not found on record" in (item.error or "")


async def test_encrypted_store_is_not_queried(store: Store) -> None:
    with pytest.raises(QueryFailedError, match="query failed: cannot query encrypted store"):
        await store.query(json.dumps({"filter": {}}))


async def test_large_value_does_not_hold_the_loop(store: Store) -> None:
    large = b'"' + b"x" * (24 << 20) + b'"'
    turns = 0

    async def turning() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0.001)

    beside = asyncio.create_task(turning())
    await store.save([put("a", large)], as_json=True)
    found = await store.get("a")
    beside.cancel()

    assert found is not None
    assert found.data == large[1:-1]
    assert turns > 5
