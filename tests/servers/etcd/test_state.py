from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator

import pytest

from pluggable import ETagMismatchError, LimitExceededError, StateStore
from pluggable.state import Concurrency, DeleteRequest, GetRequest, SetRequest, Transactional
from pluggable_servers.etcd.state import EtcdStateStore, EtcdStateStoreV2
from tests.backends.etcd import Etcd
from tests.servers.running import state_store

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("etcd")]

#: What etcd 3.4 had once a daprd 1.18.3 had saved ``"text <ü>"``, ``{"b": [1, true, null], "a": 1.5}``, and
#: 7 with ``ttlInSeconds`` 3600 over its HTTP API, as ``etcdctl get -w json`` tells it, in base64: by version,
#: with data and end of its answers (it shows a life of 0 as one that ended at once, ours as none).
RECORDED = [
    (EtcdStateStore, "InRleHQgXHUwMDNjw7xcdTAwM2Ui", '"text \\u003cü\\u003e"', None),
    (EtcdStateStore, "eyJhIjoxLjUsImIiOlsxLHRydWUsbnVsbF19", '{"a":1.5,"b":[1,true,null]}', None),
    (EtcdStateStore, "Nw==", "7", None),
    (EtcdStateStoreV2, "CgsidGV4dCA8w7w+IhIMCLHAm9gGELTkssABGgA=", '"text <ü>"', None),
    (
        EtcdStateStoreV2,
        "Cht7ImEiOjEuNSwiYiI6WzEsdHJ1ZSxudWxsXX0SDAixwJvYBhCelZDeARoA",
        '{"a":1.5,"b":[1,true,null]}',
        None,
    ),
    (EtcdStateStoreV2, "CgE3EgwIscCb2AYQodvI9QEaAwiQHA==", "7", "2026-11-25T14:18:41Z"),
]
VERSIONS = pytest.mark.parametrize("kind", [EtcdStateStore, EtcdStateStoreV2], ids=["v1", "v2"])


def at(etcd: Etcd, prefix: str, **more: str) -> dict[str, str]:
    return {"endpoints": etcd.endpoint, "keyPrefixPath": prefix, **more}


async def value(store: StateStore, key: str) -> bytes | None:
    found = await store.get(GetRequest(key=key))
    return None if found is None else found.data


def leases(etcd: Etcd) -> set[bytes]:
    return {*etcd.ctl("lease", "list").splitlines()[1:]}


@pytest.fixture
async def store(etcd: Etcd, prefix: str) -> AsyncIterator[StateStore]:
    async with state_store(EtcdStateStore, at(etcd, prefix)) as found:
        yield found


@pytest.mark.parametrize(("kind", "recorded", "data", "end"), RECORDED)
async def test_value_of_a_daprd_is_read(
    kind: type[StateStore], recorded: str, data: str, end: str | None, etcd: Etcd, prefix: str
) -> None:
    etcd.ctl("put", f"{prefix}/app||k", stdin=base64.b64decode(recorded))

    async with state_store(kind, at(etcd, prefix)) as store:
        found = await store.get(GetRequest(key="app||k"))
        assert found is not None
        assert found.data == data.encode()
        assert found.metadata.get("ttlExpireTime") == end


async def test_value_of_version_1_is_bare_at_daprds_key(store: StateStore, etcd: Etcd, prefix: str) -> None:
    await store.set(SetRequest(key="app||k", value=b"\x01\xff"))

    assert etcd.value(f"{prefix}/app||k") == b"\x01\xff"


async def test_value_of_version_2_is_in_daprds_envelope(etcd: Etcd, prefix: str) -> None:
    async with state_store(EtcdStateStoreV2, at(etcd, prefix)) as store:
        await store.set(SetRequest(key="k", value=b"7", metadata={"ttlInSeconds": "3600"}))

    # As recorded above, but for the time at which it was written.
    recorded = base64.b64decode("CgE3EgwIscCb2AYQodvI9QEaAwiQHA==")
    written = etcd.value(f"{prefix}/k")
    assert written.startswith(recorded[:4])
    assert written.endswith(recorded[-5:])


async def test_without_a_prefix_keys_begin_with_a_slash(etcd: Etcd, prefix: str) -> None:
    async with state_store(EtcdStateStore, {"endpoints": etcd.endpoint}) as store:
        await store.set(SetRequest(key=prefix, value=b"1"))

    assert etcd.value(f"/{prefix}") == b"1"


async def test_etag_is_the_revision(store: StateStore, etcd: Etcd, prefix: str) -> None:
    await store.set(SetRequest(key="k", value=b"1"))
    found = await store.get(GetRequest(key="k"))

    assert found is not None
    assert f'"mod_revision":{found.etag},'.encode() in etcd.ctl("get", f"{prefix}/k", "-w", "json")


@pytest.mark.parametrize("etag", ["x", "-1", "0", "1.0", "01", "99999999999999999999"])
async def test_etag_that_is_no_revision_is_a_mismatch(store: StateStore, etag: str) -> None:
    await store.set(SetRequest(key="k", value=b"1"))

    with pytest.raises(ETagMismatchError):
        await store.set(SetRequest(key="k", value=b"2", etag=etag))


@VERSIONS
async def test_value_is_gone_when_its_time_is_up(kind: type[StateStore], etcd: Etcd, prefix: str) -> None:
    async with state_store(kind, at(etcd, prefix)) as store:
        await store.set(SetRequest(key="k", value=b"1", metadata={"ttlInSeconds": "2"}))
        assert await value(store, "k") == b"1"

        async with asyncio.timeout(30):
            while await value(store, "k") is not None:
                continue  # a lease's end is told to nobody who only reads


@pytest.mark.parametrize("life", ["", "0", "-1"])
async def test_write_without_a_life_ends_the_one_before(
    store: StateStore, etcd: Etcd, prefix: str, life: str
) -> None:
    await store.set(SetRequest(key="k", value=b"1", metadata={"ttlInSeconds": "600"}))
    assert b'"lease"' in etcd.ctl("get", f"{prefix}/k", "-w", "json")

    await store.set(SetRequest(key="k", value=b"1", metadata={"ttlInSeconds": life}))

    assert b'"lease"' not in etcd.ctl("get", f"{prefix}/k", "-w", "json")


async def test_refused_write_leaves_no_lease(store: StateStore, etcd: Etcd) -> None:
    await store.set(SetRequest(key="k", value=b"1"))
    before = leases(etcd)

    with pytest.raises(ETagMismatchError):
        await store.set(SetRequest(key="k", value=b"1", etag="1", metadata={"ttlInSeconds": "600"}))

    assert leases(etcd) <= before  # those of other tests come to their end


async def test_values_of_one_transaction_and_one_life_share_a_lease(store: StateStore, etcd: Etcd) -> None:
    assert isinstance(store, Transactional)
    before = leases(etcd)

    lives = {"ttlInSeconds": "600"}
    await store.transact([SetRequest(key=f"k{number}", value=b"1", metadata=lives) for number in range(20)])

    assert len(leases(etcd) - before) == 1


async def test_transaction_names_the_key_that_is_not_as_wanted(store: StateStore) -> None:
    assert isinstance(store, Transactional)
    await store.set(SetRequest(key="b", value=b"1"))

    with pytest.raises(ETagMismatchError, match='"b" is there already'):
        await store.transact(
            [
                SetRequest(key="a", value=b"2", concurrency=Concurrency.FIRST_WRITE),
                SetRequest(key="b", value=b"2", concurrency=Concurrency.FIRST_WRITE),
            ]
        )

    assert (await value(store, "a"), await value(store, "b")) == (None, b"1")


async def test_first_write_sees_what_its_transaction_did_before(store: StateStore) -> None:
    assert isinstance(store, Transactional)
    first = SetRequest(key="k", value=b"2", concurrency=Concurrency.FIRST_WRITE)
    await store.set(SetRequest(key="k", value=b"1"))

    await store.transact([DeleteRequest(key="k"), first])
    assert await value(store, "k") == b"2"
    with pytest.raises(ETagMismatchError):
        await store.transact([DeleteRequest(key="k"), SetRequest(key="k", value=b"3"), first])
    assert await value(store, "k") == b"2"


async def test_transaction_has_as_many_operations_as_the_server_takes(store: StateStore) -> None:
    assert isinstance(store, Transactional)
    writes = [SetRequest(key=f"k{number}", value=b"1") for number in range(129)]

    await store.transact(writes[:128])
    with pytest.raises(LimitExceededError, match="129 keys, wanted 128 at most; maxTxnOps"):
        await store.transact(writes)

    assert await value(store, "k127") == b"1"
    assert await value(store, "k128") is None


async def test_more_than_the_server_takes_says_which_option_there_is(etcd: Etcd, prefix: str) -> None:
    async with state_store(EtcdStateStore, at(etcd, prefix, maxTxnOps="500")) as store:
        assert isinstance(store, Transactional)
        with pytest.raises(LimitExceededError, match="--max-txn-ops"):
            await store.transact([SetRequest(key=f"k{number}", value=b"1") for number in range(129)])
        for size in (1_600_000, 3_000_000):  # refused by etcd, and by its gRPC
            with pytest.raises(LimitExceededError, match="--max-request-bytes"):
                await store.set(SetRequest(key="k", value=b"x" * size))


async def test_300_keys_are_read_in_their_order(store: StateStore) -> None:
    keys = [f"k{number}" for number in range(300)]
    await store.bulk_set([SetRequest(key=key, value=key.encode()) for key in keys])

    items = await store.bulk_get([GetRequest(key=key) for key in [*keys, "nobody"]])

    assert [item.value and item.value.data for item in items] == [*(key.encode() for key in keys), None]


async def test_value_of_version_1_is_told_in_version_2(etcd: Etcd, prefix: str) -> None:
    etcd.ctl("put", f"{prefix}/k", "plain text")

    async with state_store(EtcdStateStoreV2, at(etcd, prefix)) as store:
        [item] = await store.bulk_get([GetRequest(key="k")])
        assert item.error is not None
        assert "version: v1" in item.error
