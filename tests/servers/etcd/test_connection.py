from __future__ import annotations

import asyncio

import pytest

from pluggable import InitError, MetadataError, StateStore, TimedOutError, UnavailableError
from pluggable.state import GetRequest, SetRequest
from pluggable_servers.etcd.state import EtcdStateStore, EtcdStateStoreV2
from tests.backends.etcd import Etcd
from tests.servers.running import state_store

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("etcd")]

#: More than a call may take, on a machine that is busy.
BOUND_SECONDS = 15


async def value(store: StateStore, key: str) -> bytes | None:
    found = await store.get(GetRequest(key=key))
    return None if found is None else found.data


async def found_again(store: StateStore, key: str) -> bytes | None:
    """The value, once the server is there again."""
    async with asyncio.timeout(30):
        while True:
            try:
                return await value(store, key)
            except (UnavailableError, TimedOutError):
                await asyncio.sleep(0.05)  # the connection is made anew in its own time


@pytest.mark.parametrize("kind", [EtcdStateStore, EtcdStateStoreV2])
async def test_absent_server_is_told_and_found_again(kind: type[StateStore]) -> None:
    with Etcd.running() as etcd:
        async with state_store(kind, {"endpoints": etcd.endpoint}) as store:
            await store.set(SetRequest(key="k", value=b"1"))
            with etcd.away():
                for _ in range(3):
                    async with asyncio.timeout(BOUND_SECONDS):
                        with pytest.raises(UnavailableError, match=f"etcd {etcd.endpoint}"):
                            await value(store, "k")
                        with pytest.raises(UnavailableError, match=f"etcd {etcd.endpoint}"):
                            await store.set(SetRequest(key="k", value=b"2"))

            assert await found_again(store, "k") == b"1"
            await store.set(SetRequest(key="k", value=b"3"))


async def test_killed_server_keeps_what_was_acknowledged() -> None:
    with Etcd.running() as etcd:
        async with state_store(EtcdStateStore, {"endpoints": etcd.endpoint}) as store:
            await store.bulk_set([SetRequest(key=f"k{number}", value=b"1") for number in range(50)])
            etcd.kill()
            etcd.start()

            assert await found_again(store, "k0") == b"1"
            items = await store.bulk_get([GetRequest(key=f"k{number}") for number in range(50)])
            assert all(item.value is not None and item.value.data == b"1" for item in items)


async def test_frozen_server_is_cut_off_and_found_again() -> None:
    with Etcd.running() as etcd:
        async with state_store(EtcdStateStore, {"endpoints": etcd.endpoint}) as store:
            await store.set(SetRequest(key="k", value=b"1"))
            with etcd.frozen():
                async with asyncio.timeout(BOUND_SECONDS):
                    with pytest.raises(TimedOutError, match=r"no answer within 5 s"):
                        await value(store, "k")

            assert await found_again(store, "k") == b"1"


async def test_next_member_is_asked_where_one_is_not_there(etcd: Etcd, prefix: str) -> None:
    with Etcd.running() as gone:
        gone_endpoint = gone.endpoint
    properties = {"endpoints": f"{gone_endpoint},http://{etcd.endpoint}", "keyPrefixPath": prefix}

    async with state_store(EtcdStateStore, properties) as store:
        await store.set(SetRequest(key="k", value=b"1"))
        assert await value(store, "k") == b"1"


async def test_write_goes_elsewhere_after_a_member_is_lost(etcd: Etcd, prefix: str) -> None:
    with Etcd.running() as first:
        properties = {"endpoints": f"{first.endpoint}, {etcd.endpoint}", "keyPrefixPath": prefix}
        async with state_store(EtcdStateStore, properties) as store:
            await store.set(SetRequest(key="k", value=b"at the first"))
            with first.away():
                async with asyncio.timeout(BOUND_SECONDS):
                    while True:
                        try:
                            await store.set(SetRequest(key="k", value=b"at the second"))
                        except UnavailableError:  # It may have been in flight as the first went.
                            continue
                        break
                assert etcd.value(f"{prefix}/k") == b"at the second"


async def test_init_names_the_server_that_is_not_there() -> None:
    with Etcd.running() as gone:
        endpoint = gone.endpoint

    with pytest.raises(InitError, match=f"etcd {endpoint}"):
        async with state_store(EtcdStateStore, {"endpoints": endpoint}):
            pass


@pytest.mark.parametrize(
    ("properties", "said"),
    [
        ({}, "endpoints"),
        ({"endpoints": " , "}, "endpoints is empty"),
        ({"endpoints": "a:b"}, "wanted host:port"),
        ({"endpoints": "ftp://a:1"}, "wanted http or https"),
        ({"endpoints": "a:1", "maxTxnOps": "0"}, "wanted 1 or more"),
        ({"endpoints": "a:1", "tlsEnable": "true", "ca": "x"}, "incomplete: cert, key missing"),
        (
            {"endpoints": "a:1", "tlsEnable": "y", "ca": "x", "cert": "y", "key": "z"},
            "ca holds no certificate",
        ),
    ],
)
async def test_faulty_settings_are_named(properties: dict[str, str], said: str) -> None:
    with pytest.raises(MetadataError, match=said):
        async with state_store(EtcdStateStore, properties):
            pass
