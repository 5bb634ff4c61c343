from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import redis.asyncio

from pluggable import ComponentError, InitError, InvalidRequestError, Metadata, UnavailableError
from pluggable.bindings import InvokeRequest
from pluggable_servers.redis.binding import RedisBinding
from tests.backends.redis import Redis

Bare = redis.asyncio.Redis

#: What ``DUMP`` gave of keys that a daprd 1.18.3 created by its binding in a Redis 7.0, and their strings.
RECORDED = [
    (
        b'\x00\x15"text \\u003c\xc3\xbc\\u003e"\n\x00\xb6\xae#\xc9\xfaw\tI',
        b'"text \\u003c\xc3\xbc\\u003e"',
    ),
    (
        b'\x00\x1b{"a":1.5,"b":[1,true,null]}\n\x00\x8b\xed\xb9\xda\xc0q^\x99',
        b'{"a":1.5,"b":[1,true,null]}',
    ),
    (b"\x00\xc0\x07\n\x00t\xcdH\xa2\x83\xab\xce\x92", b"7"),
]


@asynccontextmanager
async def opened(port: int, **more: str) -> AsyncIterator[RedisBinding]:
    found = RedisBinding()
    await found.init(Metadata({"redisHost": f"127.0.0.1:{port}", **more}, "keys"))
    try:
        yield found
    finally:
        await found.close()


@pytest.fixture
async def binding(empty_redis: int) -> AsyncIterator[RedisBinding]:
    async with opened(empty_redis) as found:
        yield found


async def invoke(binding: RedisBinding, operation: str, data: bytes = b"", **metadata: str) -> bytes | None:
    return (await binding.invoke(InvokeRequest(operation=operation, data=data, metadata=metadata))).data


@pytest.mark.parametrize("data", [b"", b'{"a": 1}', b"\x00\xff"])
async def test_created_value_is_the_string_itself(binding: RedisBinding, bare: Bare, data: bytes) -> None:
    await invoke(binding, "create", data, key="app||k")

    assert await bare.get("app||k") == data
    assert await bare.ttl("app||k") == -1
    assert await invoke(binding, "get", key="app||k") == data


@pytest.mark.parametrize(("dumped", "data"), RECORDED)
async def test_key_of_a_daprd_is_read_and_written_alike(
    binding: RedisBinding, bare: Bare, dumped: bytes, data: bytes
) -> None:
    await bare.restore("k", 0, dumped)

    assert await invoke(binding, "get", key="k", delete="true") == data
    await invoke(binding, "create", data, key="k")
    assert await bare.dump("k") == dumped


async def test_missing_key_gives_no_data(binding: RedisBinding) -> None:
    assert await invoke(binding, "get", key="nobody") is None


async def test_get_with_delete_takes_the_value_away(binding: RedisBinding) -> None:
    await invoke(binding, "create", b"1", key="k")

    assert await invoke(binding, "get", key="k", delete="true") == b"1"
    assert await invoke(binding, "get", key="k") is None


async def test_delete_removes_and_repeats_without_error(binding: RedisBinding, bare: Bare) -> None:
    await invoke(binding, "create", b"1", key="k")

    assert await invoke(binding, "delete", key="k") is None
    assert await invoke(binding, "delete", key="k") is None
    assert await bare.exists("k") == 0


async def test_64_increments_at_once_all_count(binding: RedisBinding, bare: Bare) -> None:
    answers = await asyncio.gather(*(invoke(binding, "increment", key="n") for _ in range(64)))

    assert set(answers) == {None}  # as with daprd, who wants the number gets it
    assert await bare.get("n") == b"64"


@pytest.mark.parametrize("operation", ["create", "increment"])
@pytest.mark.parametrize(
    ("name", "text", "most"),
    [("ttlInSeconds", "60", 60), ("ttl", "2m", 120), ("TTLINSECONDS", "1h", 3600), ("ttl", "1500ms", 1.5)],
)
async def test_key_lives_as_long_as_asked(
    binding: RedisBinding, bare: Bare, operation: str, name: str, text: str, most: float
) -> None:
    await invoke(binding, operation, b"1", key="k", **{name: text})

    left = await bare.pttl("k") / 1000
    assert most - 10 < left <= most
    assert left > 0


@pytest.mark.parametrize("text", ["0", "-1", "soon", "1.5", "0s", "-5s", "9" * 30])
async def test_bad_life_is_refused_and_nothing_written(binding: RedisBinding, bare: Bare, text: str) -> None:
    with pytest.raises(InvalidRequestError, match="ttlInSeconds is"):
        await invoke(binding, "create", b"1", key="k", ttlInSeconds=text)

    assert await bare.exists("k") == 0


async def test_request_without_a_key_is_refused(binding: RedisBinding) -> None:
    for operation in binding.operations:
        with pytest.raises(InvalidRequestError, match="missing key in request metadata"):
            await invoke(binding, operation, b"1", key="")


async def test_unknown_operation_is_refused(binding: RedisBinding) -> None:
    with pytest.raises(InvalidRequestError, match="wanted one of create, get, delete, increment"):
        await invoke(binding, "list", key="k")


async def test_text_is_not_counted(binding: RedisBinding, bare: Bare) -> None:
    await bare.set("k", "text")

    for life in ("", "60"):
        with pytest.raises(ComponentError, match="not an integer"):
            await invoke(binding, "increment", key="k", ttlInSeconds=life)


async def test_absent_server_is_told_at_once_and_found_again() -> None:
    with Redis.running() as server:
        async with opened(server.port, redisMaxRetries="-1") as binding:
            with server.away(), pytest.raises(UnavailableError, match=f"redis 127.0.0.1:{server.port}"):
                await invoke(binding, "create", b"1", key="k")

            await invoke(binding, "create", b"2", key="k")
            assert await invoke(binding, "get", key="k") == b"2"


async def test_password_is_in_no_message() -> None:
    with Redis.running() as server:
        with redis.Redis(port=server.port) as client:
            client.config_set("requirepass", "s3cret")

        with pytest.raises(InitError) as caught:
            async with opened(server.port, redisPassword="wr0ng"):
                pass

        assert "redisPassword" in str(caught.value)
        assert "wr0ng" not in f"{caught.value!r}{caught.value.__cause__!r}"
