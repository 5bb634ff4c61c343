"""Header lists that are too large for one of the two ends: the call fails, and nothing beside it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from ngh2 import Configuration, Connection, ConnectionClosed, ErrorCode, ResponseReceived, Role

from pluggable.transport import ChannelState, Code, Handlers, Limits, ServerCall, StatusError, Unary
from pluggable.transport.h2 import Bounds
from pluggable.transport.ngh2 import Ngh2Channel, Ngh2Server
from pluggable.transport.ngh2.statuses import RESPONSE
from tests.transport.contract.bench import echo, soon, status
from tests.transport.h2.peers import Peer, Raw, Station, raw, station
from tests.transport.ngh2.test_channel import answer
from tests.transport.ngh2.test_server import HELLO, TYPE, request

METHOD = "/test.HeaderLists/Call"
BOUNDS = Bounds(header_list_bytes=64 * 1024)
KIB = "x" * 1024


def metadata(kib: int) -> list[tuple[str, str]]:
    return [(f"name-{number}", KIB) for number in range(kib)]


def fields(kib: int) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in metadata(kib)]


async def served(folder: Path, handlers: Handlers) -> Ngh2Server:
    server = Ngh2Server(handlers, unknown=None, limits=Limits(), bounds=BOUNDS)
    await server.listen(f"unix:{folder}/s")
    await server.start()
    return server


async def test_list_that_the_peer_would_not_take_is_not_sent(socket_folder: Path) -> None:
    async with (
        await served(socket_folder, {METHOD: Unary(echo)}) as server,
        Ngh2Channel(f"unix:{socket_folder}/s", limits=Limits()) as caller,
    ):
        await caller.connect(5)
        error = await status(caller.unary(METHOD, b"", metadata=metadata(64)))
        async with caller.stream(METHOD, metadata=metadata(64)) as stream:
            streamed = await status(stream.receive())

        assert error.code is streamed.code is Code.RESOURCE_EXHAUSTED
        assert error.message == streamed.message
        assert f"unix:{socket_folder}/s takes at most 65536" in error.message
        assert await soon(caller.unary(METHOD, b"fits", metadata=metadata(50))) == b"fits"
        assert server.connections == 1


def writer_of_long_lists(plain: Raw) -> Peer:
    joined = Peer(plain)
    much = Configuration(auto_window_update=False, max_send_header_block_length=2**20)
    joined.engine = Connection(Role.CLIENT, much)
    joined.engine.initiate_connection({})
    return joined


async def test_list_over_the_bound_ends_its_call_alone(socket_folder: Path) -> None:
    async with await served(socket_folder, {METHOD: Unary(echo)}), raw(socket_folder, greet=False) as plain:
        joined = writer_of_long_lists(plain)
        joined.engine.send_request([*request(METHOD, TYPE), *fields(100)])
        refused = await _answer(joined)
        number = joined.engine.send_request([*request(METHOD, TYPE), *fields(10)])
        joined.engine.send_data(number, HELLO, end_stream=True)
        taken = await _answer(joined)

    assert refused[b"grpc-status"] == b"8"
    assert b"at most 65536 are read" in refused[b"grpc-message"]
    assert b"grpc-status" not in taken  # it comes with the trailers


async def _answer(joined: Peer) -> dict[bytes, bytes]:
    joined.flush()
    return dict((await joined.event(ResponseReceived)).headers)


async def test_handler_hears_of_what_its_caller_would_not_take(socket_folder: Path) -> None:
    async def headers(_message: bytes, call: ServerCall) -> bytes:
        await call.send_headers(metadata(100))
        return b""

    async def trailers(_message: bytes, call: ServerCall) -> bytes:
        call.set_trailers(metadata(100))
        return b""

    handlers: Handlers = {METHOD: Unary(headers), METHOD + "2": Unary(trailers)}
    async with (
        await served(socket_folder, handlers),
        Ngh2Channel(f"unix:{socket_folder}/s", limits=Limits(), bounds=BOUNDS) as caller,
    ):
        for method in handlers:
            error = await status(caller.unary(method, b""))
            assert error.code is Code.RESOURCE_EXHAUSTED
            assert "the peer takes at most 65536" in error.message


async def test_channel_outlives_a_list_that_is_read_no_further(socket_folder: Path) -> None:
    async with (
        station(socket_folder, Bounds(header_list_bytes=4 * 1024 * 1024)) as served,
        Ngh2Channel(f"unix:{socket_folder}/s", limits=Limits(), bounds=BOUNDS) as caller,
    ):
        error = await _flooded(served, caller)
        next_call = asyncio.ensure_future(caller.unary(METHOD, b""))
        answer(await served.stream())

        assert error.code is Code.UNAVAILABLE
        assert "header list exceeds" in error.message
        assert await soon(next_call) == b"answer"


async def _flooded(served: Station, caller: Ngh2Channel) -> StatusError:
    """Return how a call ends whose answer has more headers than are read at all."""
    call = asyncio.ensure_future(status(caller.unary(METHOD, b"")))
    stream = await served.stream()
    stream.respond([*RESPONSE, *fields(200)])
    error = await soon(call)
    while (await caller.changed(ChannelState.DOWN)) is not ChannelState.UP:
        pass
    return error


async def test_another_connection_is_not_concerned(socket_folder: Path) -> None:
    async with (
        await served(socket_folder, {METHOD: Unary(echo)}) as server,
        Ngh2Channel(f"unix:{socket_folder}/s", limits=Limits()) as bystander,
    ):
        await bystander.connect(5)
        async with raw(socket_folder, greet=False) as plain:
            enemy = writer_of_long_lists(plain)
            enemy.engine.send_request([*request(METHOD, TYPE), *fields(200)])
            enemy.flush()
            closed = await enemy.event(ConnectionClosed)

        assert closed.error_code == ErrorCode.ENHANCE_YOUR_CALM
        assert await soon(bystander.unary(METHOD, b"alive")) == b"alive"
        assert server.connections == 1
