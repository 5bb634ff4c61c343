"""What a server makes of callers that are odd, or not of our house."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest
from grpc import aio
from ngh2 import DataReceived, ErrorCode, PingAcknowledged, ResponseReceived, StreamReset, TrailersReceived

from pluggable.transport import Handlers, Limits, ServerCall, ServerStream, Stream, Unary
from pluggable.transport.ngh2 import Ngh2Server
from pluggable.transport.ngh2.messages import prefix
from tests.transport.contract.bench import Waiting, echo, echo_all
from tests.transport.h2.peers import Peer, peer

ECHO, ECHO_ALL, TELL, WAIT = "/test.Odd/Echo", "/test.Odd/EchoAll", "/test.Odd/Tell", "/test.Odd/Wait"
HELLO = prefix(b"hello") + b"hello"
TYPE = (b"content-type", b"application/grpc")


@pytest.fixture
def waiting() -> Waiting:
    return Waiting()


async def tell(_message: bytes, call: ServerCall) -> bytes:
    return call.peer.encode()


@pytest.fixture
async def served(socket_folder: Path, waiting: Waiting) -> AsyncIterator[Path]:
    handlers: Handlers = {
        ECHO: Unary(echo),
        ECHO_ALL: Stream(echo_all),
        TELL: Unary(tell),
        WAIT: Unary(waiting.unary),
    }
    limits = Limits(receive_bytes=100_000)
    async with Ngh2Server(handlers, unknown=None, limits=limits) as server:
        await server.listen(f"unix:{socket_folder}/s")
        await server.start()
        yield socket_folder


def request(path: str, *more: tuple[bytes, bytes]) -> list[tuple[bytes, bytes]]:
    return [
        (b":method", b"POST"),
        (b":scheme", b"http"),
        (b":path", path.encode()),
        (b":authority", b"localhost"),
        *more,
    ]


async def answer(folder: Path, fields: list[tuple[bytes, bytes]], data: bytes = HELLO) -> dict[bytes, bytes]:
    """Return the fields with which the server ends a call."""
    async with peer(folder) as joined:
        number = joined.engine.send_request(fields)
        joined.engine.send_data(number, data, end_stream=True)
        joined.flush()
        first = await joined.event(ResponseReceived)
        if first.end_stream:
            return dict(first.headers)
        return dict((await joined.event(TrailersReceived)).headers)


async def test_plain_http_is_answered_as_such(served: Path) -> None:
    assert await answer(served, request(ECHO)) == {b":status": b"415"}
    html = (b"content-type", b"text/html")
    assert await answer(served, request(ECHO, html)) == {b":status": b"415"}
    get = [(b":method", b"GET"), *request(ECHO, TYPE)[1:]]
    assert await answer(served, get) == {b":status": b"405"}


async def test_kinds_of_grpc_are_one(served: Path) -> None:
    proto = (b"content-type", b"application/grpc+proto")

    assert await answer(served, request(ECHO, proto)) == {b"grpc-status": b"0"}


@pytest.mark.parametrize(
    ("data", "status", "text"),
    [
        (b"", b"12", b"takes one message; none came"),
        (HELLO + HELLO, b"12", b"takes one message; more than one came"),
        (HELLO[:-1], b"13", b"is cut off"),
        (b"\x02" + HELLO[1:], b"13", b"begins with the byte 2"),
        (b"\x01" + HELLO[1:], b"13", b"its encoding is identity"),
        (prefix(b"x" * 100_001), b"8", b"at most 100000 may be received"),
    ],
)
@pytest.mark.parametrize("path", [ECHO, ECHO_ALL])
async def test_fault_in_the_messages_is_named(
    served: Path, path: str, data: bytes, status: bytes, text: bytes
) -> None:
    if path == ECHO_ALL and status == b"12":
        pytest.skip("a stream takes any number")

    found = await answer(served, request(path, TYPE), data)

    assert found[b"grpc-status"] == status
    assert text in found[b"grpc-message"]


@pytest.mark.parametrize(
    ("field", "status", "text"),
    [
        ((b"grpc-timeout", b"soon"), b"13", b"grpc-timeout is 'soon'"),
        ((b"data-bin", b"?"), b"13", b"metadata 'data-bin' is not base64"),
        ((b"grpc-timeout", b"0n"), b"4", b"Deadline Exceeded"),
        ((b"grpc-encoding", b"snappy"), b"12", b"messages in 'snappy' cannot be read"),
    ],
)
async def test_fault_in_the_head_is_named(
    served: Path, field: tuple[bytes, bytes], status: bytes, text: bytes
) -> None:
    found = await answer(served, request(ECHO, TYPE, field))

    assert found[b"grpc-status"] == status
    assert text in found[b"grpc-message"]
    if status == b"12":
        assert found[b"grpc-accept-encoding"] == b"identity,deflate,gzip"


async def test_early_answer_ends_both_directions(served: Path) -> None:
    async with peer(served) as joined:
        joined.engine.send_request(request("/test.Odd/Nowhere", TYPE))
        joined.flush()

        assert dict((await joined.event(ResponseReceived)).headers)[b"grpc-status"] == b"12"
        assert (await joined.event(StreamReset)).error_code == ErrorCode.NO_ERROR


async def test_peer_is_its_process(served: Path) -> None:
    async with peer(served) as joined:
        number = joined.engine.send_request(request(TELL, TYPE))
        joined.engine.send_data(number, HELLO, end_stream=True)
        joined.flush()

        assert (await joined.event(DataReceived)).data[5:] == f"unix:{os.getpid()}".encode()


async def test_reset_cancels_the_handler(served: Path, waiting: Waiting) -> None:
    async with peer(served) as joined:
        number = joined.engine.send_request(request(WAIT, TYPE))
        joined.engine.send_data(number, HELLO, end_stream=True)
        joined.flush()
        await asyncio.wait_for(waiting.begun.wait(), 10)
        joined.engine.reset_stream(number)
        joined.flush()

        await asyncio.wait_for(waiting.cancelled.wait(), 10)


async def test_signs_of_life_are_answered(served: Path) -> None:
    async with peer(served) as joined:
        joined.flush()
        for number in range(100):
            joined.engine.ping(number.to_bytes(8, "big"))
        joined.flush()

        for number in range(100):
            assert (await joined.event(PingAcknowledged)).opaque_data == number.to_bytes(8, "big")


@pytest.mark.parametrize("compression", [grpc.Compression.Gzip, grpc.Compression.Deflate])
async def test_compressed_requests_are_read(served: Path, compression: grpc.Compression) -> None:
    message = b"x" * 50_000
    async with aio.insecure_channel(f"unix:{served}/s", compression=compression) as channel:
        call: aio.StreamStreamCall[bytes, bytes] = channel.stream_stream(ECHO_ALL)()
        await call.write(message)
        await call.done_writing()

        unary: aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(ECHO)
        assert await unary(message) == message
        assert await call.read() == message


async def test_stream_that_is_not_read_is_not_sent(socket_folder: Path) -> None:
    sent = 0
    stalled = asyncio.Event()

    async def flood(stream: ServerStream) -> None:
        nonlocal sent
        while True:
            try:
                async with asyncio.timeout(0.2):
                    await stream.send(b"x" * 10_000)
            except TimeoutError:
                stalled.set()
                await asyncio.Event().wait()
            sent += 10_000

    async with Ngh2Server({ECHO: Stream(flood)}, unknown=None, limits=Limits()) as server:
        await server.listen(f"unix:{socket_folder}/s")
        await server.start()
        async with peer(socket_folder) as joined:
            joined.engine.send_request(request(ECHO, TYPE), end_stream=True)
            joined.flush()
            async with asyncio.timeout(10):
                await stalled.wait()

    assert sent < 200_000  # the window of a stream, and what may wait behind it


async def test_calls_at_once_end_before_anything_is_written(served: Path) -> None:
    async with peer(served) as joined:
        joined.flush()
        await _settle(joined)
        before = joined.reads
        for _ in range(50):
            number = joined.engine.send_request(request(ECHO, TYPE))
            joined.engine.send_data(number, HELLO, end_stream=True)
        joined.flush()

        while (await joined.event(TrailersReceived)).stream_id != number:
            pass
        assert joined.reads == before + 1


async def _settle(joined: Peer) -> None:
    joined.engine.ping()
    joined.flush()
    await joined.event(PingAcknowledged)
