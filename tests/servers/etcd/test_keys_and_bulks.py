"""What the stores in etcd do with many keys at once."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from pluggable.errors import ETagMismatchError, InvalidRequestError
from pluggable.keyspace import KeysLikeRequest
from pluggable.state import Concurrency, DeleteRequest, SetRequest
from pluggable_servers.etcd.state import EtcdStateStore, EtcdStateStoreV2
from tests.backends.etcd import Etcd
from tests.servers.running import PLACES, state_store
from tests.servers.test_state_contract import etag, value

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("etcd")]

KINDS = (EtcdStateStore, EtcdStateStoreV2)


@pytest.fixture(params=[(kind, place) for kind in KINDS for place in PLACES])
async def store(request: pytest.FixtureRequest, etcd: Etcd, prefix: str) -> AsyncIterator[EtcdStateStore]:
    kind, place = request.param
    async with state_store(kind, {"endpoints": etcd.endpoint, "keyPrefixPath": prefix}, place) as found:
        yield found  # type: ignore[misc]  # it is typed by its block


async def test_keys_are_listed_by_pattern(store: EtcdStateStore) -> None:
    await store.bulk_set(
        [SetRequest(key=key, value=b"1") for key in ("", "app||a", "app||ab", "app||b", "50%", "501", "ü")]
    )

    async def listed(pattern: str) -> list[str]:
        return list((await store.keys_like(KeysLikeRequest(pattern=pattern))).keys)

    assert await listed("app||a%") == ["app||a", "app||ab"]
    assert await listed("app||_") == ["app||a", "app||b"]
    assert await listed("50\\%") == ["50%"]
    assert await listed("%") == ["", "50%", "501", "app||a", "app||ab", "app||b", "ü"]


async def test_pages_pass_by_no_key_that_stays(store: EtcdStateStore) -> None:
    keys = ["", *(f"k{number}" for number in range(6))]
    await store.bulk_set([SetRequest(key=key, value=b"1") for key in keys])
    seen: list[str] = []
    token: str | None = None
    while True:
        page = await store.keys_like(KeysLikeRequest(pattern="%", page_size=1 + len(seen), token=token))
        seen += page.keys
        await store.bulk_delete([DeleteRequest(key=key) for key in page.keys])
        if (token := page.token) is None:
            break

    assert seen == keys


async def test_token_of_another_pattern_is_refused(store: EtcdStateStore) -> None:
    for token in ("7", ">b"):
        with pytest.raises(InvalidRequestError, match=f'"{token}" is no token'):
            await store.keys_like(KeysLikeRequest(pattern="a%", token=token))


async def test_many_keys_are_listed_whole(store: EtcdStateStore) -> None:
    keys = [f"k{number:04}" for number in range(1100)]
    await store.bulk_set([SetRequest(key=key, value=b"1") for key in keys])

    found = await store.keys_like(KeysLikeRequest(pattern="k%"))

    assert (list(found.keys), found.token) == (keys, None)


async def test_bulk_that_depends_on_nothing_is_one_change(store: EtcdStateStore) -> None:
    keys = [f"k{number}" for number in range(100)]
    await store.bulk_set([SetRequest(key=key, value=key.encode()) for key in keys])

    assert len({await etag(store, key) for key in keys}) == 1
    await store.bulk_delete([DeleteRequest(key=key) for key in [*keys[1:], "nobody"]])
    assert [await value(store, key) for key in keys] == [b"k0", *[None] * 99]


async def test_bulk_that_is_too_large_at_once_is_stored_all_the_same(store: EtcdStateStore) -> None:
    # The server takes 1.5 MiB.
    await store.bulk_set([SetRequest(key=f"k{number}", value=b"x" * 600_000) for number in range(4)])

    assert [len(await value(store, f"k{number}") or b"") for number in range(4)] == [600_000] * 4


async def test_limit_of_a_transaction_is_told(etcd: Etcd) -> None:
    for properties, limit in (({}, 128), ({"maxTxnOps": "7"}, 7)):
        given = {"endpoints": etcd.endpoint, **properties}
        async with state_store(EtcdStateStore, given, "over a socket") as store:
            assert await store.transaction_limit() == limit  # type: ignore[attr-defined]  # as above


async def test_first_write_without_an_etag_deletes_nothing(store: EtcdStateStore) -> None:
    await store.set(SetRequest(key="k", value=b"1"))

    with pytest.raises(ETagMismatchError, match="is there already"):
        await store.delete(DeleteRequest(key="k", concurrency=Concurrency.FIRST_WRITE))
    assert await value(store, "k") == b"1"
    await store.delete(DeleteRequest(key="nobody", concurrency=Concurrency.FIRST_WRITE))
