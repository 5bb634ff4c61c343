"""Subscriptions to configuration stores, from the serving end."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

import pytest

from pluggable import ComponentServer, transport
from pluggable._proto.dapr.proto.components.v1 import common_pb2
from pluggable._proto.pluggable.components.v1alpha1 import configuration_pb2 as pb
from pluggable._wire import names
from pluggable.configuration import Notify, SubscribeRequest
from pluggable.transport import DAPRD_RECEIVE_BYTES, ClientStream, Code, StatusError
from tests.serving.calling import Caller
from tests.serving.conftest import Opener
from tests.stores import Board, Settings

LARGE = "x" * DAPRD_RECEIVE_BYTES


@pytest.fixture
def board() -> Board:
    return Board()


async def init(caller: Caller) -> None:
    request = pb.ConfigurationStoreInitRequest(metadata=common_pb2.MetadataRequest())
    await caller.call(names.CONFIGURATION_STORE, "Init", request, pb.ConfigurationStoreInitResponse)


async def subscribe(caller: Caller, *keys: str) -> ClientStream:
    """Subscribe as a generated client does, and wait until that stands."""
    path = names.path(names.CONFIGURATION_STORE, "Subscribe")
    stream = caller.channel.stream(path, metadata=caller.metadata)
    await stream.send(pb.SubscribeConfigurationRequest(keys=keys).SerializeToString())
    await stream.half_close()
    async with asyncio.timeout(5):
        await stream.headers()
    return stream


async def told(stream: ClientStream) -> pb.SubscribeConfigurationResponse:
    async with asyncio.timeout(5):
        data = await stream.receive()
    assert data is not None, "the stream has ended"
    return pb.SubscribeConfigurationResponse.FromString(data)


async def ended(stream: ClientStream) -> StatusError:
    with pytest.raises(StatusError) as found:
        await told(stream)
    return found.value


async def test_caller_that_said_its_last_is_told_on(opened: Opener, board: Board) -> None:
    caller = await opened(partial(Settings, board))
    await init(caller)
    async with await subscribe(caller) as stream:
        board.put("k", "1")
        board.remove("k")

        assert (await told(stream)).items["k"] == pb.ConfigurationItem(value="1", version="1")
        assert list((await told(stream)).deleted) == ["k"]


async def test_cancelled_call_stops_the_source(opened: Opener, board: Board) -> None:
    caller = await opened(partial(Settings, board))
    await init(caller)
    async with await subscribe(caller):
        assert len(board.readers) == 1

    async with asyncio.timeout(5):
        await board.left.wait()
    assert not board.readers


async def test_second_init_keeps_the_subscription(opened: Opener, board: Board) -> None:
    caller = await opened(partial(Settings, board))
    await init(caller)
    async with await subscribe(caller) as stream:
        await init(caller)
        board.put("k", "1")

        assert "k" in (await told(stream)).items


async def test_drained_server_tells_of_changes(socket_folder: Path, board: Board) -> None:
    async with (
        ComponentServer({"mine": partial(Settings, board)}, folder=socket_folder) as server,
        transport.channel(f"unix:{server.sockets['mine']}") as channel,
    ):
        caller = Caller(channel)
        await init(caller)
        async with await subscribe(caller) as stream:
            draining = asyncio.create_task(server.drain(5))
            async with asyncio.timeout(5):
                while server.sockets["mine"].exists():  # noqa: ASYNC110  a server that drains tells nobody
                    await asyncio.sleep(0.01)
            board.put("k", "1")

            assert "k" in (await told(stream)).items
            draining.cancel()
            await asyncio.wait([draining])


async def test_end_of_the_server_ends_the_stream(socket_folder: Path, board: Board) -> None:
    server = ComponentServer({"mine": partial(Settings, board)}, folder=socket_folder)
    await server.__aenter__()
    async with transport.channel(f"unix:{server.sockets['mine']}") as channel:
        caller = Caller(channel)
        await init(caller)
        stream = await subscribe(caller)
        await server.__aexit__(None, None, None)

        assert (await ended(stream)).code is Code.UNAVAILABLE
    assert not board.readers


async def test_change_that_a_stranger_cannot_receive_ends_its_stream(opened: Opener, board: Board) -> None:
    caller = await opened(partial(Settings, board))
    await init(caller)
    stream = await subscribe(caller)
    board.put("k", LARGE)

    status = await ended(stream)
    assert status.code is Code.RESOURCE_EXHAUSTED
    assert "Subscribe: the answer has 41943" in status.message


async def test_own_sidecar_receives_large_changes(opened: Opener, board: Board) -> None:
    caller = (await opened(partial(Settings, board))).other(client="app")
    await init(caller)
    async with await subscribe(caller) as stream:
        board.put("k", LARGE)

        assert (await told(stream)).items["k"].value == LARGE


async def test_source_that_ends_is_logged(opened: Opener, caplog: pytest.LogCaptureFixture) -> None:
    class Brief(Settings):
        async def subscribe(self, _: SubscribeRequest, notify: Notify) -> None:
            await notify({})

    caller = await opened(Brief)
    await init(caller)
    stream = await subscribe(caller)

    async with asyncio.timeout(5):
        assert await stream.receive() is None
    assert "a source ended by itself" in caplog.text


async def test_stream_whose_source_ends_at_once_ends(opened: Opener) -> None:
    class Brief(Settings):
        async def subscribe(self, _: SubscribeRequest, notify: Notify) -> None:
            notify.ready()

    caller = await opened(Brief)
    await init(caller)
    for _ in range(50):  # headers and status race
        stream = await subscribe(caller)
        async with asyncio.timeout(5):
            assert await stream.receive() is None


async def test_subscription_without_a_word_is_no_subscription(opened: Opener, board: Board) -> None:
    caller = await opened(partial(Settings, board))
    await init(caller)
    path = names.path(names.CONFIGURATION_STORE, "Subscribe")
    async with caller.channel.stream(path, metadata=caller.metadata) as stream:
        await stream.half_close()

        assert await stream.receive() is None
    assert not board.readers
