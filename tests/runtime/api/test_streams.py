"""Bodies that are handed on while they come, and answers that are sent so, over HTTP/1.1."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

import pytest

from pluggable.runtime.api.http import HTTPServer, Request, Response, upload
from pluggable.runtime.bodies import AHEAD_BYTES
from pluggable.runtime.http1 import MalformedError
from tests.runtime.api.http_server import connected

POST = b"POST /stream HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


class Counting:
    """Pieces that are made when they are asked for."""

    def __init__(self, pieces: list[bytes | Exception]) -> None:
        self.asked = 0
        self.closed = asyncio.Event()
        self._pieces = pieces

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        if self.asked == len(self._pieces):
            raise StopAsyncIteration
        piece = self._pieces[self.asked]
        self.asked += 1
        if isinstance(piece, Exception):
            raise piece
        return piece

    async def aclose(self) -> None:
        self.closed.set()


class Streaming:
    """Answers with what it reads, piece by piece; other paths do otherwise."""

    def __init__(self) -> None:
        self.pieces = Counting([])
        self.first = asyncio.Event()
        self.go_on = asyncio.Event()
        self.ended: BaseException | None = None
        self.over = asyncio.Event()

    def streams(self, request: Request) -> bool:
        return request.path != "/whole"

    async def __call__(self, request: Request) -> Response:
        if request.path == "/answer":
            return Response(200, content_type="text/plain", pieces=self.pieces)
        if request.path == "/ignore":
            return Response(403, b"no")
        if request.path == "/hold":
            self.first.set()
            await self.go_on.wait()
        if request.stream is None:
            return Response(200, b"whole:" + request.body)
        if request.path == "/echo":
            return Response(200, pieces=request.stream)
        try:
            found = [piece async for piece in request.stream]
        except BaseException as error:
            self.ended = error
            raise
        finally:
            self.over.set()
        return Response(200, b"%d:" % len(found) + b"".join(found))


@pytest.fixture
def app() -> Streaming:
    return Streaming()


@pytest.fixture
async def port(app: Streaming) -> AsyncIterator[int]:
    async with HTTPServer(app, max_body_bytes=4_000_000, streams=app.streams) as server:
        yield (await server.listen("127.0.0.1", 0))[1]


async def read_until(reader: asyncio.StreamReader, end: bytes) -> bytes:
    async with asyncio.timeout(5):
        return await reader.readuntil(end)


async def parts(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Yield what comes until the connection ends, in whichever way."""
    with contextlib.suppress(ConnectionError):
        while part := await reader.read(1000):
            yield part


@asynccontextmanager
async def posting(port: int, path: bytes) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    async with connected(port) as (reader, writer):
        writer.write(POST.replace(b"/stream", path))
        yield reader, writer


async def test_first_piece_is_answered_before_the_second_is_sent(port: int) -> None:
    async with posting(port, b"/echo") as (reader, writer):
        writer.write(chunk(b"one"))
        head = await read_until(reader, b"3\r\none\r\n")
        writer.write(chunk(b"two") + b"0\r\n\r\n")
        rest = await read_until(reader, b"0\r\n\r\n")

    assert b"Transfer-Encoding: chunked" in head
    assert rest == b"3\r\ntwo\r\n0\r\n\r\n"


async def test_connection_goes_on_behind_a_stream(port: int) -> None:
    async with posting(port, b"/echo") as (reader, writer):
        writer.write(chunk(b"one"))
        await read_until(reader, b"one\r\n")
        writer.write(b"0\r\n\r\nGET /whole HTTP/1.1\r\nHost: x\r\n\r\n")
        await read_until(reader, b"0\r\n\r\n")

        assert await read_until(reader, b"whole:")


async def test_body_that_is_there_at_once_is_whole(port: int) -> None:
    async with posting(port, b"/stream") as (reader, writer):
        writer.write(chunk(b"all") + b"0\r\n\r\n")

        assert await read_until(reader, b"whole:all")


async def test_route_that_does_not_ask_gets_whole_bodies(port: int) -> None:
    async with posting(port, b"/whole") as (reader, writer):
        writer.write(chunk(b"a"))
        await writer.drain()
        writer.write(chunk(b"b") + b"0\r\n\r\n")

        assert await read_until(reader, b"whole:ab")


async def test_client_waits_while_nobody_reads(app: Streaming, port: int) -> None:
    data = chunk(b"x" * 60_000)
    async with posting(port, b"/hold") as (reader, writer):
        writer.transport.set_write_buffer_limits(0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 64 * 1024)
        writer.write(data)
        await app.first.wait()
        held = len(data)
        while held < 66 * 60_000:
            writer.write(data)
            try:
                async with asyncio.timeout(0.3):
                    await writer.drain()
            except TimeoutError:
                break
            held += len(data)
        app.go_on.set()
        await writer.drain()
        writer.write(b"0\r\n\r\n")

        assert await read_until(reader, b"x" * 1000)
    assert AHEAD_BYTES < held < 66 * 60_000


async def test_answer_waits_while_the_client_does_not_read(app: Streaming, port: int) -> None:
    app.pieces = Counting([b"y" * 100_000] * 400)
    async with connected(port) as (reader, writer):
        writer.write(b"GET /answer HTTP/1.1\r\nHost: x\r\n\r\n")
        head = await read_until(reader, b"\r\n\r\n")
        seen = -1
        while seen != app.pieces.asked:
            seen = app.pieces.asked
            await asyncio.sleep(0.2)
        assert seen < 200
        end = b""
        while not end.endswith(b"\r\n0\r\n\r\n"):
            end = end[-10:] + await reader.read(1_000_000)
    assert b"chunked" in head
    assert app.pieces.closed.is_set()


async def test_body_longer_than_allowed_is_refused(port: int) -> None:
    async with posting(port, b"/stream") as (reader, writer):
        writer.write(chunk(b"a" * 10))
        await writer.drain()
        writer.write(b"%x\r\n" % 5_000_000)

        answer = await read_until(reader, b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"Connection: close" in answer


async def test_half_closed_body_is_an_error(port: int) -> None:
    async with posting(port, b"/stream") as (reader, writer):
        writer.write(chunk(b"begun"))
        writer.write_eof()

        answer = await read_until(reader, b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")


async def test_aborted_body_ends_its_handler(app: Streaming, port: int) -> None:
    async with posting(port, b"/stream") as (_, writer):
        writer.write(chunk(b"begun"))
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.transport.abort()
        async with asyncio.timeout(5):
            await app.over.wait()

    assert isinstance(app.ended, asyncio.CancelledError | ConnectionResetError | MalformedError)


async def test_silent_body_has_its_time(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload, "STREAMED_SECONDS", 0.05)
    async with posting(port, b"/stream") as (reader, writer):
        writer.write(chunk(b"begun"))

        answer = await read_until(reader, b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 408 ")


async def test_answer_before_the_body_is_read_closes_behind_it(port: int) -> None:
    async with posting(port, b"/ignore") as (reader, writer):
        writer.write(chunk(b"begun"))
        async with asyncio.timeout(5):
            answer = await reader.read()

    assert answer.startswith(b"HTTP/1.1 403 ")
    assert b"Connection: close" in answer
    assert answer.endswith(b"no")


async def test_answer_that_fails_is_cut_off(app: Streaming, port: int) -> None:
    app.pieces = Counting([b"some", RuntimeError("no more")])
    async with connected(port) as (reader, writer):
        writer.write(b"GET /answer HTTP/1.1\r\nHost: x\r\n\r\n")
        async with asyncio.timeout(5):
            received = b"".join([part async for part in parts(reader)])

    assert b"some" in received
    assert b"0\r\n\r\n" not in received
    assert app.pieces.closed.is_set()


async def test_client_that_goes_closes_the_answer(app: Streaming, port: int) -> None:
    app.pieces = Counting([b"y" * 100_000] * 400)
    async with connected(port) as (reader, writer):
        writer.write(b"GET /answer HTTP/1.1\r\nHost: x\r\n\r\n")
        await read_until(reader, b"\r\n\r\n")
    async with asyncio.timeout(5):
        await app.pieces.closed.wait()


async def test_http_1_0_gets_the_body_until_the_end(app: Streaming, port: int) -> None:
    app.pieces = Counting([b"one", b"two"])
    async with connected(port) as (reader, writer):
        writer.write(b"GET /answer HTTP/1.0\r\n\r\n")
        async with asyncio.timeout(5):
            answer = await reader.read()

    assert answer.endswith(b"\r\n\r\nonetwo")
    assert b"chunked" not in answer


async def test_client_that_waits_is_told_to_go_on(port: int) -> None:
    async with connected(port) as (reader, writer):
        writer.write(POST.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"))
        told = await read_until(reader, b"\r\n\r\n")
        writer.write(chunk(b"now") + b"0\r\n\r\n")

        assert await read_until(reader, b"1:now")
    assert told.startswith(b"HTTP/1.1 100 ")
