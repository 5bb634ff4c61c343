from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime

import pytest

from pluggable import BulkError, ComponentError, ETagMismatchError, InvalidRequestError, StateStore
from pluggable.state import (
    BulkGetItem,
    Concurrency,
    DeleteRequest,
    GetRequest,
    SetRequest,
    Transactional,
)

FIRST = Concurrency.FIRST_WRITE
VALUES = [b"", b"1", b"true", b'{"a": 1}', "ß€😀".encode(), b"\x00\xff\x00", b"x" * 300_000]


async def value(store: StateStore, key: str) -> bytes | None:
    found = await store.get(GetRequest(key=key))
    return None if found is None else found.data


async def etag(store: StateStore, key: str) -> str:
    found = await store.get(GetRequest(key=key))
    assert found is not None
    assert found.etag
    return found.etag


def transactional(store: StateStore) -> Transactional:
    assert isinstance(store, Transactional)
    return store


async def test_features_are_daprs(store: StateStore) -> None:
    further = ("DELETE_WITH_PREFIX", "KEYS_LIKE", "NATIVE_BULK")

    assert [each for each in store.features if each not in further] == ["ETAG", "TRANSACTIONAL", "TTL"]


async def test_ping_answers(store: StateStore) -> None:
    await store.ping()


@pytest.mark.parametrize("data", VALUES, ids=range(len(VALUES)))
@pytest.mark.parametrize("content_type", [None, "application/json"])
async def test_value_comes_back_as_it_was(store: StateStore, data: bytes, content_type: str | None) -> None:
    await store.set(SetRequest(key="app||k", value=data, content_type=content_type))

    if data:  # An empty message and no message are one on the wire.
        assert await value(store, "app||k") == data


async def test_missing_key_is_none(store: StateStore) -> None:
    assert await store.get(GetRequest(key="nobody")) is None


async def test_key_with_odd_characters_is_kept(store: StateStore) -> None:
    await store.set(SetRequest(key="a||b c/ü%_'\"", value=b"1"))

    assert await value(store, "a||b c/ü%_'\"") == b"1"


async def test_every_write_changes_the_etag(store: StateStore) -> None:
    seen = set()
    for _ in range(3):
        await store.set(SetRequest(key="k", value=b"same"))
        seen.add(await etag(store, "k"))

    assert len(seen) == 3


async def test_right_etag_is_taken(store: StateStore) -> None:
    await store.set(SetRequest(key="k", value=b"1"))

    await store.set(SetRequest(key="k", value=b"2", etag=await etag(store, "k")))

    assert await value(store, "k") == b"2"


async def test_stale_etag_is_refused(store: StateStore) -> None:
    await store.set(SetRequest(key="k", value=b"1"))
    stale = await etag(store, "k")
    await store.set(SetRequest(key="k", value=b"2"))

    with pytest.raises(ETagMismatchError, match='"k" is'):
        await store.set(SetRequest(key="k", value=b"3", etag=stale))
    with pytest.raises(ETagMismatchError):
        await store.delete(DeleteRequest(key="k", etag=stale))

    assert await value(store, "k") == b"2"


async def test_etag_of_a_missing_key_is_refused(store: StateStore) -> None:
    await store.set(SetRequest(key="k", value=b"1"))
    known = await etag(store, "k")
    await store.delete(DeleteRequest(key="k"))

    with pytest.raises(ETagMismatchError):
        await store.set(SetRequest(key="k", value=b"3", etag=known))
    with pytest.raises(ETagMismatchError):
        await store.delete(DeleteRequest(key="k", etag=known))


async def test_right_etag_deletes(store: StateStore) -> None:
    await store.set(SetRequest(key="k", value=b"1"))

    await store.delete(DeleteRequest(key="k", etag=await etag(store, "k")))

    assert await value(store, "k") is None


async def test_empty_etag_is_none(store: StateStore) -> None:
    await store.set(SetRequest(key="k", value=b"1", etag=""))
    await store.set(SetRequest(key="k", value=b"2", etag=""))

    assert await value(store, "k") == b"2"


async def test_first_write_inserts_only(store: StateStore) -> None:
    await store.set(SetRequest(key="k", value=b"1", concurrency=FIRST))

    with pytest.raises(ETagMismatchError):
        await store.set(SetRequest(key="k", value=b"2", concurrency=FIRST))

    assert await value(store, "k") == b"1"


async def test_first_write_compares_its_etag(store: StateStore) -> None:
    await store.set(SetRequest(key="k", value=b"1"))
    known = await etag(store, "k")
    await store.set(SetRequest(key="k", value=b"2", etag=known, concurrency=FIRST))

    with pytest.raises(ETagMismatchError):
        await store.set(SetRequest(key="k", value=b"3", etag=known, concurrency=FIRST))


async def test_plain_set_overwrites_a_first_write(store: StateStore) -> None:
    await store.set(SetRequest(key="k", value=b"1", concurrency=FIRST))

    await store.set(SetRequest(key="k", value=b"2"))

    assert await value(store, "k") == b"2"


async def test_first_write_after_delete_inserts(store: StateStore) -> None:
    await store.set(SetRequest(key="k", value=b"1", concurrency=FIRST))
    await store.delete(DeleteRequest(key="k"))

    await store.set(SetRequest(key="k", value=b"2", concurrency=FIRST))

    assert await value(store, "k") == b"2"


async def test_one_of_64_first_writers_wins(store: StateStore) -> None:
    writes = [
        store.set(SetRequest(key="k", value=str(number).encode(), concurrency=FIRST)) for number in range(64)
    ]

    answers = await asyncio.gather(*writes, return_exceptions=True)

    assert [type(answer) for answer in answers].count(ETagMismatchError) == 63
    assert await value(store, "k") == str(answers.index(None)).encode()


async def test_64_writers_with_etags_lose_no_update(store: StateStore) -> None:
    await store.set(SetRequest(key="k", value=b"0"))

    async def increment() -> None:
        while True:
            found = await store.get(GetRequest(key="k"))
            assert found is not None
            try:
                await store.set(SetRequest(key="k", value=str(int(found.data) + 1).encode(), etag=found.etag))
            except ETagMismatchError:
                continue
            return

    await asyncio.gather(*(increment() for _ in range(64)))

    assert await value(store, "k") == b"64"


async def test_missing_key_is_deleted_without_error(store: StateStore) -> None:
    await store.delete(DeleteRequest(key=uuid.uuid4().hex))


async def test_bulk_get_answers_in_the_order_asked(store: StateStore) -> None:
    await store.bulk_set([SetRequest(key=key, value=key.encode()) for key in "abc"])

    items = await store.bulk_get([GetRequest(key=key) for key in ("c", "nobody", "a", "c")])

    assert [item.key for item in items] == ["c", "nobody", "a", "c"]
    assert [_data(item) for item in items] == [b"c", None, b"a", b"c"]
    assert all(item.value is None or item.value.etag for item in items)


async def test_empty_bulks_do_nothing(store: StateStore) -> None:
    await store.bulk_set([])
    await store.bulk_delete([])

    assert await store.bulk_get([]) == []


async def test_bulk_set_stores_what_it_can(store: StateStore) -> None:
    await store.bulk_set([SetRequest(key=key, value=b"1") for key in "abc"])
    stale = await etag(store, "b")
    await store.set(SetRequest(key="b", value=b"2"))

    with pytest.raises(ComponentError):
        await store.bulk_set(
            [
                SetRequest(key="a", value=b"3"),
                SetRequest(key="b", value=b"3", etag=stale),
                SetRequest(key="c", value=b"3", etag=await etag(store, "c")),
            ]
        )

    assert [await value(store, key) for key in "abc"] == [b"3", b"2", b"3"]


async def test_faulty_item_costs_no_other(store: StateStore) -> None:
    with pytest.raises(BulkError) as caught:
        await store.bulk_set(
            [
                SetRequest(key="a", value=b"1"),
                SetRequest(key="b", value=b"1", metadata={"ttlInSeconds": "soon"}),
                SetRequest(key="c", value=b"1"),
            ]
        )

    assert list(caught.value.failures) == ["b"]
    assert isinstance(caught.value.failures["b"], InvalidRequestError)
    assert [await value(store, key) for key in "abc"] == [b"1", None, b"1"]


async def test_bulk_delete_removes_what_it_can(store: StateStore) -> None:
    await store.bulk_set([SetRequest(key=key, value=b"1") for key in "abc"])
    stale = await etag(store, "b")
    await store.set(SetRequest(key="b", value=b"2"))

    with pytest.raises(ComponentError):
        await store.bulk_delete([DeleteRequest(key="a"), DeleteRequest(key="b", etag=stale)])

    assert [await value(store, key) for key in "abc"] == [None, b"2", b"1"]


async def test_transaction_applies_in_order(store: StateStore) -> None:
    await store.set(SetRequest(key="k1", value=b"1"))

    await transactional(store).transact(
        [
            DeleteRequest(key="k1"),
            SetRequest(key="k2", value=b"2"),
            DeleteRequest(key="k2"),
            SetRequest(key="k3", value=b'"value3"'),
            DeleteRequest(key="nobody"),
            SetRequest(key="k4", value=b"a"),
            SetRequest(key="k4", value=b"b"),
        ],
        {"partitionKey": "mine"},
    )

    assert [await value(store, key) for key in ("k1", "k2", "k3", "k4")] == [None, None, b'"value3"', b"b"]


async def test_transaction_changes_all_or_nothing(store: StateStore) -> None:
    await store.set(SetRequest(key="a", value=b"1"))
    stale = await etag(store, "a")
    await store.set(SetRequest(key="a", value=b"2"))

    with pytest.raises(ETagMismatchError):
        await transactional(store).transact(
            [
                SetRequest(key="b", value=b"new"),
                DeleteRequest(key="a"),
                SetRequest(key="a", value=b"3", etag=stale),
            ]
        )

    assert await value(store, "a") == b"2"
    assert await value(store, "b") is None


async def test_transaction_takes_right_etags(store: StateStore) -> None:
    await store.set(SetRequest(key="a", value=b"1"))
    await store.set(SetRequest(key="b", value=b"1"))

    await transactional(store).transact(
        [
            SetRequest(key="a", value=b"2", etag=await etag(store, "a")),
            DeleteRequest(key="b", etag=await etag(store, "b")),
            SetRequest(key="c", value=b"3", concurrency=FIRST),
        ]
    )

    assert [await value(store, key) for key in "abc"] == [b"2", None, b"3"]


async def test_empty_transaction_does_nothing(store: StateStore) -> None:
    await transactional(store).transact([])


async def test_value_expires(store: StateStore) -> None:
    await store.set(SetRequest(key="k", value=b"1", metadata={"ttlInSeconds": "1"}))
    assert await value(store, "k") == b"1"

    async with asyncio.timeout(3):
        while await value(store, "k") is not None:  # noqa: ASYNC110  only the clock brings it
            await asyncio.sleep(0.1)

    await store.set(SetRequest(key="k", value=b"2", concurrency=FIRST))


async def test_life_ends_with_minus_one(store: StateStore) -> None:
    await store.set(SetRequest(key="k", value=b"1", metadata={"ttlInSeconds": "1"}))
    await store.set(SetRequest(key="k", value=b"2", metadata={"ttlInSeconds": "-1"}))

    await asyncio.sleep(1.2)

    assert await value(store, "k") == b"2"


async def test_time_of_expiry_is_shown(store: StateStore) -> None:
    await store.set(SetRequest(key="k", value=b"1", metadata={"ttlInSeconds": "3600"}))

    found = await store.get(GetRequest(key="k"))

    assert found is not None
    if "ttlExpireTime" in found.metadata:  # Redis has none, as with daprd.
        expires = datetime.strptime(found.metadata["ttlExpireTime"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        assert 3590 < (expires - datetime.now(UTC)).total_seconds() <= 3600


@pytest.mark.parametrize("text", ["foo", "1.5", "99999999999"])
async def test_bad_life_is_refused(store: StateStore, text: str) -> None:
    with pytest.raises(InvalidRequestError, match="ttlInSeconds"):
        await store.set(SetRequest(key="k", value=b"1", metadata={"ttlInSeconds": text}))


def _data(item: BulkGetItem) -> bytes | None:
    return None if item.value is None else item.value.data
