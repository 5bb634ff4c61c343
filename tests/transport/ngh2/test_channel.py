"""What a channel makes of peers that leave, limit, refuse, or are something else."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import pytest
from grpc import aio
from ngh2 import ErrorCode

from pluggable.transport import ChannelState, Code, Limits, ServerCall, Unary
from pluggable.transport.h2 import Bounds
from pluggable.transport.ngh2 import Ngh2Channel, Ngh2Server, link
from pluggable.transport.ngh2.messages import prefix
from pluggable.transport.ngh2.statuses import OK, RESPONSE
from tests.transport.contract.bench import echo, soon, status
from tests.transport.h2.peers import Taken, station

METHOD = "/test.Channel/Call"


@asynccontextmanager
async def channel(folder: Path) -> AsyncIterator[Ngh2Channel]:
    async with Ngh2Channel(f"unix:{folder}/s", limits=Limits()) as opened:
        yield opened


def answer(stream: Taken, message: bytes = b"answer") -> None:
    stream.respond(RESPONSE)
    stream.write(prefix(message) + message)
    stream.write_trailers(OK)


async def test_calls_beyond_the_limit_wait_for_their_turn(socket_folder: Path) -> None:
    async with station(socket_folder, Bounds(streams=2)) as served, channel(socket_folder) as caller:
        await caller.connect(5)
        calls = [asyncio.create_task(caller.unary(METHOD, b"")) for _ in range(5)]
        first = [await served.stream(), await served.stream()]
        await asyncio.sleep(0.05)
        assert served.streams.empty()

        for stream in first:
            answer(stream)
        for _ in range(3):
            answer(await served.stream())

        assert await soon(asyncio.gather(*calls)) == [b"answer"] * 5


async def test_call_may_give_up_while_it_waits_for_its_turn(socket_folder: Path) -> None:
    async with station(socket_folder, Bounds(streams=1)) as served, channel(socket_folder) as caller:
        await caller.connect(5)
        first = asyncio.create_task(caller.unary(METHOD, b""))
        stream = await served.stream()
        second = await status(caller.unary(METHOD, b"", timeout=0.05))
        answer(stream)

        assert second.code is Code.DEADLINE_EXCEEDED
        assert await soon(first) == b"answer"
        third = asyncio.create_task(caller.unary(METHOD, b""))
        answer(await served.stream())
        assert await soon(third) == b"answer"


async def test_peer_that_leaves_is_left_for_another_connection(socket_folder: Path) -> None:
    async with station(socket_folder) as served, channel(socket_folder) as caller:
        old_call = asyncio.create_task(caller.unary(METHOD, b""))
        old = await served.stream()

        old.connection.leave(5)
        assert await soon(caller.changed(ChannelState.UP)) is ChannelState.DRAINING
        new_call = asyncio.create_task(caller.unary(METHOD, b""))
        new = await served.stream()
        assert new.connection is not old.connection
        assert caller.state is ChannelState.UP
        answer(new)
        answer(old)

        assert await soon(old_call) == await soon(new_call) == b"answer"
        await served.loss()
        assert caller.state is ChannelState.UP


async def test_streams_that_who_leaves_did_not_take_are_unavailable(socket_folder: Path) -> None:
    async with station(socket_folder) as served, channel(socket_folder) as caller:
        call = asyncio.create_task(status(caller.unary(METHOD, b"")))
        stream = await served.stream()

        stream.connection.engine.send_goaway(last_stream_id=0)
        stream.connection.touched()

        error = await soon(call)
        assert error.code is Code.UNAVAILABLE
        assert "the peer is leaving" in error.message


@pytest.mark.parametrize(
    ("reset", "code"),
    [
        (ErrorCode.CANCEL, Code.CANCELLED),
        (ErrorCode.REFUSED_STREAM, Code.UNAVAILABLE),
        (ErrorCode.ENHANCE_YOUR_CALM, Code.RESOURCE_EXHAUSTED),
        (ErrorCode.INTERNAL_ERROR, Code.INTERNAL),
        (ErrorCode.NO_ERROR, Code.INTERNAL),
    ],
)
async def test_reset_has_a_meaning(socket_folder: Path, reset: ErrorCode, code: Code) -> None:
    async with station(socket_folder) as served, channel(socket_folder) as caller:
        call = asyncio.create_task(status(caller.unary(METHOD, b"")))
        (await served.stream()).reset(reset)

        error = await soon(call)
        assert error.code is code
        assert (
            f"unix:{socket_folder}/s, called for {METHOD}, ended the call with {reset.name}" in error.message
        )


async def test_fields_that_are_none_of_http_2_are_named(socket_folder: Path) -> None:
    async def fail(_request: bytes, context: aio.ServicerContext[bytes, bytes]) -> bytes:
        await context.abort(grpc.StatusCode.NOT_FOUND, "see below: ")

    handler: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(fail)
    server = aio.server()
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("test.Channel", {"Call": handler})])
    server.add_insecure_port(f"unix:{socket_folder}/s")
    await server.start()
    try:
        async with channel(socket_folder) as caller:
            error = await status(caller.unary(METHOD, b""))
    finally:
        await server.stop(None)

    assert error.code is Code.INTERNAL
    assert "no field's value begins or ends with a space" in error.message


async def test_lost_connection_is_named(socket_folder: Path) -> None:
    async with station(socket_folder) as served, channel(socket_folder) as caller:
        call = asyncio.create_task(status(caller.unary(METHOD, b"")))
        stream = await served.stream()
        served.listener.stop()
        stream.connection.transport.abort()

        error = await soon(call)
        assert error.code is Code.UNAVAILABLE
        assert f"unix:{socket_folder}/s, called for {METHOD}, was lost" in error.message


@pytest.mark.parametrize(
    ("message", "code"),
    [(b"", Code.UNIMPLEMENTED), (prefix(b"a") + b"a" + prefix(b"b") + b"b", Code.UNIMPLEMENTED)],
    ids=["none", "two"],
)
async def test_number_of_answers_is_one(socket_folder: Path, message: bytes, code: Code) -> None:
    async with station(socket_folder) as served, channel(socket_folder) as caller:
        call = asyncio.create_task(status(caller.unary(METHOD, b"")))
        stream = await served.stream()
        stream.respond(RESPONSE)
        stream.write(message)
        stream.write_trailers(OK)

        assert (await soon(call)).code is code


async def test_web_server_is_no_callee(socket_folder: Path) -> None:
    async with station(socket_folder) as served, channel(socket_folder) as caller:
        call = asyncio.create_task(status(caller.unary(METHOD, b"")))
        stream = await served.stream()
        stream.respond([(b":status", b"404"), (b"content-type", b"text/html")])
        stream.write(b"<html>", last=True)

        error = await soon(call)
        assert error.code is Code.UNIMPLEMENTED
        assert "HTTP 404 with text/html" in error.message


async def test_peer_that_never_speaks_is_given_up(
    socket_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "ATTEMPT_SECONDS", 0.1)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(f"{socket_folder}/s")
        silent.listen()
        async with channel(socket_folder) as caller:
            error = await status(caller.unary(METHOD, b""))

    assert error.code is Code.UNAVAILABLE
    assert error.message == f"cannot connect to unix:{socket_folder}/s: it did not answer within 0.1 s"


async def test_deadline_counts_while_connecting(socket_folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(f"{socket_folder}/s")
        silent.listen()
        async with channel(socket_folder) as caller:
            error = await status(caller.unary(METHOD, b"", timeout=0.1))

    assert error.code is Code.DEADLINE_EXCEEDED
    assert error.message == f"unix:{socket_folder}/s did not finish {METHOD} within 0.1 s"


@pytest.mark.parametrize("timeout", [None, 2.5])
async def test_deadline_travels(socket_folder: Path, timeout: float | None) -> None:
    seen: list[float | None] = []

    async def look(_message: bytes, call: ServerCall) -> bytes:
        seen.append(call.seconds_left())
        return b""

    async with Ngh2Server({METHOD: Unary(look)}, unknown=None, limits=Limits()) as server:
        await server.listen(f"unix:{socket_folder}/s")
        await server.start()
        async with channel(socket_folder) as caller:
            await soon(caller.unary(METHOD, b"", timeout=timeout))

    [left] = seen
    assert left is None if timeout is None else (left is not None and 0 < left <= 2.5)


async def test_compressed_answers_are_read(socket_folder: Path) -> None:
    async def answer_packed(request: bytes, _context: object) -> bytes:
        return request

    handler: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(answer_packed)
    server = aio.server(compression=grpc.Compression.Gzip)
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("test.Channel", {"Call": handler})])
    server.add_insecure_port(f"unix:{socket_folder}/s")
    await server.start()
    try:
        async with channel(socket_folder) as caller:
            packs = (("grpc-accept-encoding", "gzip"),)
            assert await soon(caller.unary(METHOD, b"x" * 10_000, metadata=packs)) == b"x" * 10_000
    finally:
        await server.stop(None)


async def test_channel_leaves_a_connection_before_its_numbers_run_out(socket_folder: Path) -> None:
    async with Ngh2Server({METHOD: Unary(echo)}, unknown=None, limits=Limits()) as server:
        address = await server.listen(f"unix:{socket_folder}/s")
        await server.start()
        async with Ngh2Channel(address, limits=Limits(), bounds=Bounds(last_number=21)) as caller:
            for n in range(25):  # on the third connection
                assert await soon(caller.unary(METHOD, b"%d" % n)) == b"%d" % n
            calls = [caller.unary(METHOD, b"%d" % n) for n in range(50)]
            assert await soon(asyncio.gather(*calls)) == [b"%d" % n for n in range(50)]


async def test_call_under_way_outlives_the_move(socket_folder: Path) -> None:
    async with (
        station(socket_folder) as served,
        Ngh2Channel(f"unix:{socket_folder}/s", limits=Limits(), bounds=Bounds(last_number=1)) as caller,
    ):
        first = asyncio.create_task(caller.unary(METHOD, b""))
        old = await served.stream()
        second = asyncio.create_task(caller.unary(METHOD, b""))
        new = await served.stream()
        answer(new)
        assert await soon(second) == b"answer"
        answer(old)

        assert new.connection is not old.connection
        assert await soon(first) == b"answer"
        assert "ended with NO_ERROR" in await served.loss()


async def test_one_connection_carries_many_calls(socket_folder: Path) -> None:
    async with Ngh2Server({METHOD: Unary(echo)}, unknown=None, limits=Limits()) as server:
        await server.listen(f"unix:{socket_folder}/s")
        await server.start()
        async with channel(socket_folder) as caller:
            calls = [
                caller.unary(METHOD, b"%d" % n) for n in range(3000)
            ]  # three times what is taken at once
            assert await soon(asyncio.gather(*calls)) == [b"%d" % n for n in range(3000)]
            assert server.connections == 1
