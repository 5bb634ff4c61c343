"""Bodies that come in pieces, through one sidecar and through two."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientError, ClientPayloadError, ClientSession, web

from tests.runtime.appchannel.servers import Scripted, application
from tests.runtime.invocation.sides import Side, Sides, ask

WHO = pytest.mark.parametrize("caller", ["itself", "another"])


class Streaming:
    """An application that answers what it reads, piece by piece."""

    def __init__(self) -> None:
        self.read = 0
        self.chunked: list[bool] = []
        self.lengths: list[int | None] = []
        self.gone = asyncio.Event()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.chunked.append(request.headers.get("Transfer-Encoding") == "chunked")
        self.lengths.append(request.content_length)
        if request.path == "/events":
            return await self._events(request)
        if request.path == "/error":
            return web.Response(status=404, text="no such")
        answer = web.StreamResponse(headers={"Content-Type": "application/octet-stream"})
        await answer.prepare(request)
        if request.path == "/much":
            for _ in range(200):
                await answer.write(b"z" * 100_000)
            return answer
        try:
            async for piece in request.content.iter_any():
                self.read += len(piece)
                await answer.write(piece.upper())
        except BaseException:
            self.gone.set()
            raise
        return answer

    async def _events(self, request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await answer.prepare(request)
        try:
            for number in range(1000):
                await answer.write(b"data: %d\n\n" % number)
                await asyncio.sleep(0.05)
        finally:
            self.gone.set()
        return answer


@pytest.fixture
async def app() -> Streaming:
    return Streaming()


@pytest.fixture
async def port(app: Streaming) -> AsyncIterator[int]:
    async with application(app.handle) as port:
        yield port


async def side_of(sides: Sides, port: int, caller: str, **settings: int) -> Side:
    callee = await sides.open("callee", app_port=port, **settings)
    return callee if caller == "itself" else await sides.open("caller", **settings)


@WHO
async def test_first_piece_is_answered_before_the_second_is_sent(
    sides: Sides, app: Streaming, port: int, caller: str
) -> None:
    side = await side_of(sides, port, caller)
    go_on = asyncio.Event()

    async def pieces() -> AsyncIterator[bytes]:
        yield b"one"
        await go_on.wait()
        yield b"two"

    async with asyncio.timeout(10), ClientSession() as session:
        url = side.url("/v1.0/invoke/callee/method/echo")
        async with session.post(url, data=pieces()) as answer:
            first = await answer.content.readexactly(3)
            go_on.set()
            rest = await answer.content.read()

    assert (answer.status, first, rest) == (200, b"ONE", b"TWO")
    assert app.chunked == [True]


@WHO
async def test_body_of_known_length_keeps_it(sides: Sides, app: Streaming, port: int, caller: str) -> None:
    side = await side_of(sides, port, caller)

    answer = await ask(side, "POST", "/v1.0/invoke/callee/method/echo", data=b"a" * 300_000)

    assert answer.body == b"A" * 300_000
    assert app.lengths == [300_000]


@WHO
async def test_long_answer_is_not_limited_in_length(sides: Sides, port: int, caller: str) -> None:
    side = await side_of(sides, port, caller, max_body_bytes=1_000_000)

    answer = await ask(side, "GET", "/v1.0/invoke/callee/method/much")

    assert len(answer.body) == 20_000_000


@WHO
async def test_long_request_is_limited(sides: Sides, port: int, caller: str) -> None:
    side = await side_of(sides, port, caller, max_body_bytes=200_000)
    url = side.url("/v1.0/invoke/callee/method/")
    go_on = asyncio.Event()

    async def pieces() -> AsyncIterator[bytes]:
        yield b"x" * 100_000
        await go_on.wait()
        for _ in range(3):
            yield b"x" * 100_000

    async with asyncio.timeout(10), ClientSession() as session:
        async with session.post(url + "error", data=b"x" * 300_000, expect100=True) as fixed:
            assert fixed.status == 413
        async with session.post(url + "echo", data=pieces()) as begun:
            await begun.content.readexactly(3)
            go_on.set()
            with pytest.raises((ClientError, ConnectionError)):
                await begun.content.read()


@WHO
async def test_events_arrive_one_by_one_and_end_with_their_reader(
    sides: Sides, app: Streaming, port: int, caller: str
) -> None:
    side = await side_of(sides, port, caller)

    async with asyncio.timeout(10), ClientSession() as session:
        url = side.url("/v1.0/invoke/callee/method/events")
        async with session.get(url, headers={"Accept": "text/event-stream"}) as answer:
            lines = [await answer.content.readline() for _ in range(3)]
            answer.close()
        await app.gone.wait()

    assert answer.headers["Content-Type"] == "text/event-stream"
    assert lines == [b"data: 0\n", b"\n", b"data: 1\n"]


async def test_error_in_place_of_events_is_said_as_daprd_does(sides: Sides, port: int) -> None:
    side = await side_of(sides, port, "another")

    answer = await ask(
        side, "GET", "/v1.0/invoke/callee/method/error", headers={"Accept": "text/event-stream"}
    )

    assert answer.status == 500
    assert b"error invoking app channel: no response received from stream" in answer.body


@WHO
async def test_client_that_aborts_its_body_aborts_that_of_the_application(
    sides: Sides, app: Streaming, port: int, caller: str
) -> None:
    side = await side_of(sides, port, caller)
    reader, writer = await asyncio.open_connection("127.0.0.1", side.http_port)
    head = "POST /v1.0/invoke/callee/method/echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    writer.write(head.encode() + b"3\r\none\r\n")

    async with asyncio.timeout(10):
        await reader.readuntil(b"ONE")
        writer.transport.abort()
        await app.gone.wait()

    assert app.read == 3


@WHO
async def test_application_that_dies_within_chunks_cuts_its_answer_off(sides: Sides, caller: str) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: int) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegun\r\n")
        await writer.drain()

    async with Scripted(script).running() as app:
        side = await side_of(sides, app.port, caller)
        with pytest.raises(ClientPayloadError):
            await ask(side, "GET", "/v1.0/invoke/callee/method/m")


@WHO
async def test_turn_is_over_when_the_answer_is(sides: Sides, port: int, caller: str) -> None:
    side = await side_of(sides, port, caller, app_max_concurrency=1)

    async with asyncio.timeout(10), ClientSession() as session:
        url = side.url("/v1.0/invoke/callee/method/events")
        async with session.get(url) as events:
            await events.content.readline()
            waiting = asyncio.create_task(ask(side, "GET", "/v1.0/invoke/callee/method/error"))
            done, _ = await asyncio.wait({waiting}, timeout=0.2)
            events.close()
        answer = await waiting

    assert not done
    assert answer.status == 404
