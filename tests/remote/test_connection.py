"""Connections over the lives of a component."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from pluggable._proto.dapr.proto.components.v1 import bindings_pb2, state_pb2 as pb
from pluggable._wire import names
from pluggable._wire.status import status_of
from pluggable.errors import (
    CustomError,
    InitError,
    LimitExceededError,
    MetadataError,
    NotInitializedError,
    RemoteError,
    TimedOutError,
    UnavailableError,
)
from pluggable.metadata import Metadata
from pluggable.remote import Connection, RemoteInputBinding, RemoteOutputBinding, RemoteStateStore
from pluggable.state import GetRequest, GetResponse
from pluggable.testing.line import Line
from pluggable.transport import Code, Limits
from tests.remote.speaking import Life, Process

METADATA = Metadata({"redisHost": "h"}, "orders")
KEY = GetRequest(key="k")
FOUND = GetResponse(data=b"1", etag="1")


def a_store(life: Life | None = None) -> Life:
    life = life or Life()
    life.on(names.STATE_STORE, "Get", pb.GetResponse(data=b"1", etag=pb.Etag(value="1")))
    return life


async def opened(connection: Connection) -> RemoteStateStore:
    store = RemoteStateStore(connection)
    await store.init(METADATA)
    return store


async def back(connection: Connection, store: RemoteStateStore) -> GetResponse | None:
    """A call fails before the connection that it was on is known to be lost."""
    while True:
        await connection.passable()
        try:
            return await store.get(KEY)
        except UnavailableError:
            await asyncio.sleep(0)


async def test_init_and_features_come_first(process: Process, connection: Connection) -> None:
    life = await process.live(a_store())
    store = await opened(connection)

    assert await store.get(KEY) == FOUND
    assert life.calls == ["Init", "Features", "Get"]
    assert life.inits == [{"redisHost": "h"}]
    assert store.features == ("ETAG", "TRANSACTIONAL")


async def test_every_call_says_for_whom(process: Process, connection: Connection) -> None:
    life = await process.live(a_store())
    await (await opened(connection)).get(KEY)

    for metadata in life.metadata:
        assert metadata[names.INSTANCE_HEADER] == "orders"
        assert metadata[names.CLIENT_HEADER] == "app-1"


async def test_stranger_gets_an_escaped_name(process: Process) -> None:
    life = await process.live(a_store())
    async with Connection(process.address, instance="Bücher 1%", client="größe") as connection:
        await (await opened(connection)).get(KEY)

    assert life.metadata[-1][names.INSTANCE_HEADER] == "B%C3%BCcher%201%25"
    assert life.metadata[-1][names.CLIENT_HEADER] == "gr%C3%B6%C3%9Fe"


async def test_call_before_init_is_refused(process: Process, connection: Connection) -> None:
    life = await process.live(a_store())

    with pytest.raises(UnavailableError, match=r'"orders" at unix:.* is not initialised'):
        await RemoteStateStore(connection).get(KEY)
    assert life.calls == []


async def test_nobody_there_is_unavailable(process: Process) -> None:
    async with Connection(process.address, instance="orders", client="c", init_timeout=0.2) as connection:
        with pytest.raises(UnavailableError, match=r'component "orders" at unix:.*mine.sock'):
            await opened(connection)


async def test_hanging_init_times_out(process: Process) -> None:
    life = a_store()
    life.init_may_end.clear()
    await process.live(life)

    async with Connection(process.address, instance="orders", client="c", init_timeout=1) as connection:
        with pytest.raises(TimedOutError, match=r"did not answer Init within 1 s"):
            await opened(connection)


@pytest.mark.parametrize("error", [MetadataError(["redisHost is missing"]), InitError("wrong schema")])
async def test_refused_init_says_why(process: Process, connection: Connection, error: InitError) -> None:
    life = a_store()
    life.init_error = error
    await process.live(life)

    with pytest.raises(type(error), match=str(error)):
        await opened(connection)


async def test_init_may_be_tried_again(process: Process, connection: Connection) -> None:
    life = a_store()
    life.init_error = InitError("not yet")
    await process.live(life)
    with pytest.raises(InitError):
        await opened(connection)

    life.init_error = None

    assert await (await opened(connection)).get(KEY) == FOUND


async def test_dead_component_fails_at_once(process: Process, connection: Connection) -> None:
    await process.live(a_store())
    store = await opened(connection)

    await process.die()

    with pytest.raises(UnavailableError, match=r'component "orders" at unix:.*mine.sock'):
        await store.get(KEY)
    async with asyncio.timeout(2):
        with pytest.raises(UnavailableError, match=r"mine\.sock"):
            await store.get(KEY)


async def test_restart_is_followed_by_init(process: Process, connection: Connection) -> None:
    await process.live(a_store())
    store = await opened(connection)
    await process.die()
    with pytest.raises(UnavailableError):
        await store.get(KEY)
    await connection.lost()

    second = a_store()
    second.features = ("TTL",)
    await process.live(second)
    await connection.passable()

    assert await store.get(KEY) == FOUND
    assert second.calls == ["Init", "Features", "Get"]
    assert second.inits == [{"redisHost": "h"}]
    assert store.features == ("TTL",)


async def test_no_call_passes_before_init(process: Process, connection: Connection) -> None:
    await process.live(a_store())
    store = await opened(connection)
    await process.die()

    second = a_store()
    second.init_may_end.clear()
    await process.live(second)
    await second.init_begun.wait()
    calls = [asyncio.create_task(store.get(KEY)) for _ in range(10)]
    await asyncio.sleep(0)
    second.init_may_end.set()

    assert await asyncio.gather(*calls) == [FOUND] * 10
    assert second.calls[:2] == ["Init", "Features"]
    assert second.calls[2:] == ["Get"] * 10


async def test_failed_init_after_restart_says_why(process: Process, connection: Connection) -> None:
    await process.live(a_store())
    store = await opened(connection)
    await process.die()

    second = a_store()
    second.init_error = InitError("redis is gone")
    second.init_may_end.clear()
    await process.live(second)
    await second.init_begun.wait()
    call = asyncio.create_task(store.get(KEY))
    await asyncio.sleep(0)
    second.init_may_end.set()

    with pytest.raises(UnavailableError, match="could not be initialised again: redis is gone"):
        await call
    second.init_error = None
    await connection.passable()
    assert await store.get(KEY) == FOUND


async def test_broken_connection_needs_no_init(process: Process, socket_folder: Path) -> None:
    life = await process.live(a_store())
    async with (
        Line(socket_folder / "line.sock", process.path) as line,
        Connection(line.address, instance="orders", client="c") as connection,
    ):
        store = await opened(connection)
        life.call_may_end.clear()
        call = asyncio.create_task(store.get(KEY))
        await life.call_begun.wait()

        line.cut()
        with pytest.raises(UnavailableError):
            await call
        life.call_may_end.set()

        assert await back(connection, store) == FOUND
    assert set(life.calls[2:]) == {"Get"}


async def test_call_in_flight_is_not_repeated(process: Process, connection: Connection) -> None:
    first = a_store()
    first.call_may_end.clear()
    await process.live(first)
    store = await opened(connection)
    call = asyncio.create_task(store.get(KEY))
    await first.call_begun.wait()

    await process.die()
    with pytest.raises(UnavailableError, match="orders"):
        await call
    await connection.lost()
    second = await process.live(a_store())
    await connection.passable()
    await store.ping()

    assert second.calls == ["Init", "Features", "Ping"]


async def test_refused_as_not_initialised_passes(process: Process, connection: Connection) -> None:
    life = await process.live(a_store())
    store = await opened(connection)

    life.initialised.clear()

    assert await asyncio.gather(*(store.get(KEY) for _ in range(10))) == [FOUND] * 10
    assert life.calls.count("Init") == 2


async def test_never_initialised_is_said(process: Process, connection: Connection) -> None:
    life = a_store()
    await process.live(life)
    store = await opened(connection)

    def refuse(_: bytes) -> pb.GetResponse:
        raise NotInitializedError("StateStore", "orders")

    life.answers[names.path(names.STATE_STORE, "Get")] = refuse

    with pytest.raises(NotInitializedError, match="got no Init"):
        await store.get(KEY)
    assert life.calls.count("Get") == 2


async def test_text_of_the_component_is_kept(process: Process, connection: Connection) -> None:
    life = a_store()

    def refuse(_: bytes) -> pb.GetResponse:
        raise UnavailableError("no quorum: 1 of 3 nodes")

    life.on(names.STATE_STORE, "Get", refuse)
    await process.live(life)
    store = await opened(connection)

    with pytest.raises(UnavailableError, match=r'"orders" .*: no quorum: 1 of 3 nodes$'):
        await store.get(KEY)


async def test_cancelled_by_the_component_is_its_answer(process: Process, connection: Connection) -> None:
    life = a_store()

    def refuse(_: bytes) -> pb.GetResponse:
        raise CustomError("too slow", code=Code.CANCELLED, http_status=510, error_code="SLOW")

    life.on(names.STATE_STORE, "Get", refuse)
    await process.live(life)
    store = await opened(connection)

    with pytest.raises(CustomError, match=r"^too slow$") as caught:
        await store.get(KEY)
    assert caught.value.code is Code.CANCELLED


async def test_answer_of_another_kind_is_told(process: Process, connection: Connection) -> None:
    life = a_store()
    # its field 2 is text, where a GetResponse has an ETag's message
    life.on(names.STATE_STORE, "Get", pb.QueryResponse(token="kkk"))
    await process.live(life)
    store = await opened(connection)

    with pytest.raises(RemoteError, match="GetResponse"):
        await store.get(KEY)


async def test_too_large_a_value_is_told(socket_folder: Path) -> None:
    small = Process(socket_folder / "small.sock", Limits(receive_bytes=1000))
    life = await small.live(a_store())
    async with Connection(small.address, instance="orders", client="c") as connection:
        store = await opened(connection)

        with pytest.raises(LimitExceededError):
            await store.get(GetRequest(key="k" * 2000))
    await small.die()
    assert "Get" not in life.calls


async def test_close_ends_calls_under_way(process: Process) -> None:
    life = a_store()
    life.call_may_end.clear()
    await process.live(life)
    connection = Connection(process.address, instance="orders", client="c")
    async with connection:
        store = await opened(connection)
        call = asyncio.create_task(store.get(KEY))
        await life.call_begun.wait()

    with pytest.raises(UnavailableError, match="orders"):
        await call
    with pytest.raises(UnavailableError, match="its connection is closed"):
        await store.get(KEY)


async def test_cancelled_caller_is_cancelled(process: Process, connection: Connection) -> None:
    life = a_store()
    life.call_may_end.clear()
    await process.live(life)
    store = await opened(connection)
    call = asyncio.create_task(store.get(KEY))
    await life.call_begun.wait()

    call.cancel()

    with pytest.raises(asyncio.CancelledError):
        await call


async def test_both_bindings_share_a_connection(process: Process, connection: Connection) -> None:
    def serving_both() -> Life:
        life = Life()
        life.services = (names.INPUT_BINDING, names.OUTPUT_BINDING)
        life.on(
            names.OUTPUT_BINDING, "ListOperations", bindings_pb2.ListOperationsResponse(operations=["create"])
        )
        return life

    first = await process.live(serving_both())
    source, sink = RemoteInputBinding(connection), RemoteOutputBinding(connection)
    await source.init(METADATA)
    await sink.init(METADATA)
    assert first.calls.count("Init") == 2
    assert sink.operations == ("create",)

    await process.die()
    second = await process.live(serving_both())
    await second.init_begun.wait()
    await connection.passable()
    await source.ping()
    await sink.ping()

    assert second.calls.count("Init") == 2


async def test_news_during_init_repeats_no_init(process: Process, connection: Connection) -> None:
    await process.live(a_store())
    await opened(connection)
    stream, lives = await connection.stream(names.path(names.STATE_STORE, "Get"))
    stream.cancel("only its number is wanted")
    await process.die()
    second = a_store()
    second.init_may_end.clear()
    await process.live(second)
    await second.init_begun.wait()

    connection.stream_error(status_of(NotInitializedError("state", "orders")), lives)
    second.init_may_end.set()
    await connection.passable()

    assert second.calls == ["Init", "Features"]


async def test_closed_service_is_not_initialised_again(process: Process, connection: Connection) -> None:
    await process.live(a_store())
    store = await opened(connection)
    await store.close()
    await process.die()

    second = await process.live(a_store())
    await opened(connection)

    assert second.calls == ["Init", "Features"]


async def test_lost_connection_is_reported_once(
    process: Process, connection: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    await process.live(a_store())
    store = await opened(connection)
    await connection.passable()
    await process.die()
    await connection.lost()  # grpcio may tell the calls before it tells of the connection

    for _ in range(3):
        with pytest.raises(UnavailableError):
            await store.get(GetRequest(key="k"))

    assert len([line for line in caplog.messages if "is down: its connection is lost" in line]) == 1
