from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from pluggable import (
    BulkError,
    InitError,
    InvalidRequestError,
    LimitExceededError,
    MetadataError,
    StateStore,
    TimedOutError,
    UnavailableError,
)
from pluggable.state import DeleteRequest, GetRequest, SetRequest
from pluggable_servers.memcached.state import MemcachedStateStore
from tests.backends.memcached import Memcached, ask
from tests.servers.running import PLACES, state_store

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("memcached")]

#: What ``get`` answered once a daprd 1.18.3 had saved these over its HTTP API, as ``app``, keys ``k0`` ….
RECORDED = [
    b'VALUE app||k0 0 11\r\n"text <\xc3\xbc>"\r\nEND\r\n',
    b'VALUE app||k1 0 27\r\n{"b":[1,true,null],"a":1.5}\r\nEND\r\n',
    b"VALUE app||k2 0 1\r\n7\r\nEND\r\n",
]


def at(*ports: int, **more: str) -> dict[str, str]:
    return {"hosts": ",".join(f"127.0.0.1:{port}" for port in ports), "timeout": "20000", **more}


async def value(store: StateStore, key: str) -> bytes | None:
    found = await store.get(GetRequest(key=key))
    return None if found is None else found.data


@pytest.fixture(params=PLACES)
async def store(request: pytest.FixtureRequest, port: int) -> AsyncIterator[StateStore]:
    async with state_store(MemcachedStateStore, at(port), request.param) as found:
        yield found


async def test_features_are_those_of_a_cache(store: StateStore) -> None:
    assert list(store.features) == ["TTL", "NATIVE_BULK"]


@pytest.mark.parametrize("data", [b"1", b"\x00\xff\r\nEND\r\n", "ß€😀".encode(), b"x" * 900_000])
async def test_value_is_at_daprds_key_as_it_was(store: StateStore, port: int, data: bytes) -> None:
    await store.set(SetRequest(key="app||k", value=data))

    assert await value(store, "app||k") == data
    wanted = b"VALUE app||k 0 %d\r\n%b\r\nEND\r\n" % (len(data), data)
    if b"END" not in data:  # where the bare reader would stop
        assert ask(port, b"get app||k\r\n") == wanted


@pytest.mark.parametrize("recorded", RECORDED)
async def test_value_of_a_daprd_is_read_and_written_alike(
    store: StateStore, port: int, recorded: bytes
) -> None:
    head, data = recorded.split(b"\r\n")[:2]
    _, key, flags, length = head.split()
    assert ask(port, b"set %b %b 0 %b\r\n%b\r\n" % (key, flags, length, data)) == b"STORED\r\n"

    assert await value(store, key.decode()) == data
    await store.delete(DeleteRequest(key=key.decode()))
    await store.set(SetRequest(key=key.decode(), value=data))
    assert ask(port, b"get %b\r\n" % key) == recorded


async def test_missing_key_is_none_and_deleted_without_error(store: StateStore) -> None:
    assert await value(store, "nobody") is None
    await store.delete(DeleteRequest(key="nobody"))


async def test_deleted_value_is_gone(store: StateStore) -> None:
    await store.set(SetRequest(key="k", value=b"1"))
    await store.delete(DeleteRequest(key="k"))

    assert await value(store, "k") is None


async def test_500_at_once_each_get_their_own_answer(store: StateStore) -> None:
    keys = [f"k{number}" for number in range(500)]
    await store.bulk_set([SetRequest(key=key, value=key.encode() * 10) for key in keys])

    items = await store.bulk_get([GetRequest(key=key) for key in [*keys, "nobody"]])

    assert [item.value and item.value.data for item in items] == [*(key.encode() * 10 for key in keys), None]


async def test_bulk_tells_of_each_key_what_became_of_it(port: int) -> None:
    long = "k" * 251
    async with state_store(MemcachedStateStore, at(port)) as store:
        values = {"a": b"1", long: b"2", "big": b"x" * 2_000_000, "b": b"3"}
        with pytest.raises(BulkError) as caught:
            await store.bulk_set([SetRequest(key=key, value=data) for key, data in values.items()])
        items = await store.bulk_get([GetRequest(key=key) for key in ("b", long, "nobody", "a")])

    assert {key: type(error) for key, error in caught.value.failures.items()} == {
        long: InvalidRequestError,
        "big": LimitExceededError,
    }
    assert [item.value and item.value.data for item in items] == [b"3", None, None, b"1"]
    assert [bool(item.error) for item in items] == [False, True, False, False]


async def test_who_gives_up_takes_no_answer_of_others(port: int) -> None:
    async with state_store(MemcachedStateStore, at(port)) as store:
        await store.bulk_set([SetRequest(key=f"k{number}", value=b"%d" % number) for number in range(100)])
        asked = [asyncio.create_task(value(store, f"k{number}")) for number in range(100)]
        await asyncio.sleep(0)
        for task in asked[::2]:
            task.cancel()

        answers = await asyncio.gather(*asked[1::2])

    assert answers == [b"%d" % number for number in range(1, 100, 2)]


@pytest.mark.parametrize(
    ("text", "left"), [("60", 60), ("0", -1), ("-1", -1), ("2592000", 2592000), ("31536000", 31536000)]
)
async def test_value_lives_as_long_as_asked(store: StateStore, port: int, text: str, left: int) -> None:
    await store.set(SetRequest(key="k", value=b"1", metadata={"ttlInSeconds": text}))

    seconds = int(ask(port, b"mg k t\r\n").split(b"t")[1])
    assert left - 10 <= seconds <= left + 2 if left > 0 else seconds == -1


@pytest.mark.parametrize("text", ["soon", "1.5", "99999999999"])
async def test_bad_life_is_refused(store: StateStore, text: str) -> None:
    with pytest.raises(InvalidRequestError, match="ttlInSeconds"):
        await store.set(SetRequest(key="k", value=b"1", metadata={"ttlInSeconds": text}))


@pytest.mark.parametrize("key", ["a b", "a\r\nflush_all", "\x7f", "a%20b ", "\u00ff b"])
async def test_key_that_memcached_cannot_have_is_encoded(store: StateStore, key: str) -> None:
    others = {"a%20b": b"1", "\u00ffa%20b": b"2", "there": b"3"}
    await store.bulk_set([SetRequest(key=each, value=data) for each, data in others.items()])
    await store.set(SetRequest(key=key, value=b"4"))

    assert await value(store, key) == b"4"
    assert {each: await value(store, each) for each in others} == others
    await store.delete(DeleteRequest(key=key))
    assert await value(store, key) is None


@pytest.mark.parametrize("key", ["", "k" * 251, "\u00fc" * 126, " " * 84])
async def test_key_without_or_with_too_many_bytes_is_refused(store: StateStore, key: str) -> None:
    for request in (store.get(GetRequest(key=key)), store.set(SetRequest(key=key, value=b"1"))):
        with pytest.raises(InvalidRequestError, match="wanted 1 to 250"):
            await request


async def test_value_that_is_too_large_is_refused_and_costs_no_other(store: StateStore) -> None:
    with pytest.raises(LimitExceededError, match="too large"):
        await store.set(SetRequest(key="k", value=b"x" * 2_000_000))

    await store.set(SetRequest(key="k", value=b"1"))
    assert await value(store, "k") == b"1"


async def test_keys_are_where_daprd_looks_among_several() -> None:
    # By gomemcache: the CRC-32 (IEEE) of the key, modulo the number of servers in their order.
    with Memcached.running() as first, Memcached.running() as second:
        async with state_store(MemcachedStateStore, at(first.port, second.port)) as store:
            for key in ("a", "b", "c", "d"):
                await store.set(SetRequest(key=key, value=b"1"))

        there = [key for key in "abcd" if ask(first.port, f"get {key}\r\n".encode()) != b"END\r\n"]
        others = [key for key in "abcd" if ask(second.port, f"get {key}\r\n".encode()) != b"END\r\n"]
    assert (there, others) == (["d"], ["a", "b", "c"])


async def test_absent_server_is_told_and_found_again() -> None:
    with Memcached.running() as server:
        async with state_store(MemcachedStateStore, at(server.port)) as store:
            await store.set(SetRequest(key="k", value=b"1"))
            with server.away():
                for _ in range(3):
                    with pytest.raises(UnavailableError, match=f"memcached 127.0.0.1:{server.port}"):
                        await value(store, "k")

            assert await value(store, "k") is None  # memcached keeps nothing
            await store.set(SetRequest(key="k", value=b"2"))
            assert await value(store, "k") == b"2"


async def test_silent_server_is_cut_off_and_found_again() -> None:
    with Memcached.running() as server:
        async with state_store(MemcachedStateStore, at(server.port, timeout="300")) as store:
            await store.set(SetRequest(key="k", value=b"1"))
            with server.frozen(), pytest.raises(TimedOutError, match=r"no answer within 0\.3 s"):
                await value(store, "k")

            async with asyncio.timeout(20):
                while True:
                    try:
                        assert await value(store, "k") == b"1"
                    except TimedOutError:  # It has yet to wake up.
                        continue
                    break


async def test_init_names_the_server_that_is_not_there(port: int) -> None:
    with Memcached.running() as gone:
        gone_port = gone.port

    with pytest.raises(InitError, match=f"memcached 127.0.0.1:{gone_port}"):
        async with state_store(MemcachedStateStore, at(port, gone_port)):
            pass


@pytest.mark.parametrize(
    ("properties", "said"),
    [
        ({}, "hosts"),
        ({"hosts": ""}, "hosts"),
        ({"hosts": "a:b"}, "wanted a number"),
        ({"hosts": "a", "timeout": "1s"}, "timeout"),
    ],
)
async def test_faulty_settings_are_named(properties: dict[str, str], said: str) -> None:
    with pytest.raises(MetadataError, match=said):
        async with state_store(MemcachedStateStore, properties):
            pass
