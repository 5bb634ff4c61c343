from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator

import pytest

from pluggable.runtime.api.http import HTTPServer, Request, Response
from tests.runtime.api.conftest import Answer, read_answer
from tests.runtime.api.http_server import connected


class Echo:
    """Answers with what it read; waits where the path says so."""

    def __init__(self) -> None:
        self.entered = asyncio.Event()
        self.leave = asyncio.Event()
        self.cancelled = asyncio.Event()

    async def __call__(self, request: Request) -> Response:
        if request.path == "/fail":
            raise RuntimeError("a secret of the code")
        if request.path == "/cancel":
            raise asyncio.CancelledError
        if request.path == "/wait":
            self.entered.set()
            try:
                await self.leave.wait()
            except asyncio.CancelledError:
                self.cancelled.set()
                raise
        if request.path == "/big":
            return Response(200, b"x" * 3_000_000)
        told = [request.method, request.path, request.query, dict(request.headers), request.body.decode()]
        return Response(200, json.dumps(told).encode(), headers=[("X-Odd", "a\r\nb: c")])


@pytest.fixture
def echo() -> Echo:
    return Echo()


@pytest.fixture
async def server(echo: Echo) -> AsyncIterator[HTTPServer]:
    async with HTTPServer(echo, max_body_bytes=100, read_buffer_bytes=1000) as server:
        yield server


@pytest.fixture
async def port(server: HTTPServer) -> int:
    return (await server.listen("127.0.0.1", 0))[1]


async def exchange(port: int, data: bytes, method: str = "GET") -> tuple[Answer, bytes]:
    """Send bytes, read one response, and what follows it if the connection ends."""
    async with connected(port) as (reader, writer):
        writer.write(data)
        answer = await read_answer(reader, method)
        if answer.headers.get("connection") != "close":
            return answer, b""
        async with asyncio.timeout(5):
            return answer, await reader.read()


GET = b"GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n"


async def test_request_is_read_whole(port: int) -> None:
    data = b"POST /a%2Fb?c=d HTTP/1.1\r\nHost: x\r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 4\r\n\r\nbody"
    answer, _ = await exchange(port, data)

    method, path, query, headers, body = json.loads(answer.body)
    assert (method, path, query, body) == ("POST", "/a%2Fb", "c=d", "body")
    assert headers["x-a"] == "1, 2"


async def test_connection_is_kept(port: int) -> None:
    async with connected(port) as (reader, writer):
        for _ in range(3):
            writer.write(GET)
            assert (await read_answer(reader)).status == 200


async def test_pipelined_answers_keep_the_order(port: int, echo: Echo) -> None:
    async with connected(port) as (reader, writer):
        paths = ["/wait", *[f"/{number}" for number in range(50)]]
        writer.write(b"".join(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode() for path in paths))
        await echo.entered.wait()
        echo.leave.set()

        answers = [json.loads((await read_answer(reader)).body)[1] for _ in paths]

    assert answers == paths


async def test_request_may_come_byte_by_byte(port: int) -> None:
    async with connected(port) as (reader, writer):
        for byte in GET:
            writer.write(bytes([byte]))
            await writer.drain()

        assert json.loads((await read_answer(reader)).body)[2] == "b=c"


async def test_chunked_body_is_joined(port: int) -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer, _ = await exchange(port, head + b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n")

    assert json.loads(answer.body)[4] == "abcde"


async def test_head_has_no_body(port: int) -> None:
    answer, _ = await exchange(port, GET.replace(b"GET", b"HEAD"), "HEAD")

    assert int(answer.headers["content-length"]) > 0


async def test_continue_is_sent_when_asked(port: int) -> None:
    async with connected(port) as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
        async with asyncio.timeout(5):
            assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"body")

        assert json.loads((await read_answer(reader)).body)[4] == "body"


@pytest.mark.parametrize(
    ("request_line", "header", "kept"),
    [
        (b"GET / HTTP/1.1", b"Connection: close", False),
        (b"GET / HTTP/1.0", b"X: y", False),
        (b"GET / HTTP/1.0", b"Connection: keep-alive", True),
        (b"GET / HTTP/1.1", b"Connection: Upgrade\r\nUpgrade: websocket", True),
    ],
)
async def test_client_decides_who_stays(port: int, request_line: bytes, header: bytes, *, kept: bool) -> None:
    answer, rest = await exchange(port, request_line + b"\r\nHost: x\r\n" + header + b"\r\n\r\n")

    assert answer.status == 200
    told = "keep-alive" if b"1.0" in request_line else None
    assert answer.headers.get("connection") == (told if kept else "close")
    assert rest == b""


async def test_absolute_target_is_understood(port: int) -> None:
    answer, _ = await exchange(port, b"GET http://Host:1/a?b=c HTTP/1.1\r\nHost: host:1\r\n\r\n")

    assert json.loads(answer.body)[1:3] == ["/a", "b=c"]


@pytest.mark.parametrize(
    ("data", "status", "sentence"),
    [
        (b"NONSENSE\r\n\r\n", 400, "no HTTP/1.1"),
        (b"\x16\x03\x01\x02\x00\x01\x00", 400, "no HTTP/1.1"),
        (b"GET / HTTP/1.1\r\n\r\n", 400, "Host"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n", 400, "no HTTP/1.1"),
        (
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
            400,
            "no HTTP/1.1",
        ),
        (
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
            "",
        ),
        (
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 101\r\n\r\n",
            413,
            "the body is 101 bytes long, 100",
        ),
        (
            b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n" + b"x" * 101,
            413,
            "longer than the 100 bytes",
        ),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 6000 + b"\r\n\r\n", 431, "head is longer"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 6000, 431, "head is longer"),
        (b"GET /" + b"y" * 6000, 431, "head is longer"),
    ],
)
async def test_bad_request_is_told_why(port: int, data: bytes, status: int, sentence: str) -> None:
    answer, rest = await exchange(port, data)

    assert answer.status == status
    assert sentence in json.loads(answer.body)["message"]
    assert rest == b""


async def test_body_counts_for_no_head(echo: Echo) -> None:
    body = b"x" * 20_000
    post = b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 20000\r\n\r\n" + body
    async with HTTPServer(echo, max_body_bytes=len(body), read_buffer_bytes=1000) as server:
        _, port = await server.listen("127.0.0.1", 0)
        async with connected(port) as (reader, writer):
            for _ in range(2):
                writer.write(post + GET)
                for told in ("POST", "GET"):
                    answer = await read_answer(reader)
                    assert (answer.status, json.loads(answer.body)[0]) == (200, told)


async def test_refusal_waits_for_earlier_answers(port: int) -> None:
    async with connected(port) as (reader, writer):
        writer.write(GET + b"NONSENSE\r\n\r\n")

        assert (await read_answer(reader)).status == 200
        assert (await read_answer(reader)).status == 400


async def test_refused_client_may_still_send(port: int) -> None:
    async with connected(port) as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\n")
        for _ in range(20):
            writer.write(b"x" * 10_000)

        assert (await read_answer(reader)).status == 413


async def test_failure_inside_says_nothing_of_the_code(port: int, caplog: pytest.LogCaptureFixture) -> None:
    answer, _ = await exchange(port, b"GET /fail HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")

    assert answer.status == 500
    assert json.loads(answer.body)["errorCode"] == "ERR_INTERNAL"
    assert b"secret" not in answer.body
    assert "a secret of the code" in caplog.text


async def test_request_cancelled_inside_ends_the_connection(port: int) -> None:
    async with connected(port) as (reader, writer):
        writer.write(b"GET /cancel HTTP/1.1\r\nHost: x\r\n\r\n")

        async with asyncio.timeout(5):
            with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
                await reader.readexactly(1)


async def test_header_cannot_be_split(port: int) -> None:
    answer, _ = await exchange(port, GET)

    assert answer.headers["x-odd"] == "a  b: c"


async def test_big_answer_arrives_whole(port: int) -> None:
    async with connected(port) as (reader, writer):
        writer.write(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n" * 3)

        for _ in range(3):
            assert len((await read_answer(reader)).body) == 3_000_000


async def test_reset_connection_cancels_its_request(port: int, echo: Echo) -> None:
    async with connected(port) as (_, writer):
        writer.write(b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
        await echo.entered.wait()
        reset = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
        writer.transport.abort()

        async with asyncio.timeout(5):
            await echo.cancelled.wait()


async def test_half_closed_client_gets_its_answer(port: int, echo: Echo) -> None:
    async with connected(port) as (reader, writer):
        writer.write(b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
        writer.write_eof()
        await echo.entered.wait()
        echo.leave.set()

        assert (await read_answer(reader)).status == 200


async def test_close_lets_requests_end(port: int, server: HTTPServer, echo: Echo) -> None:
    async with connected(port) as (reader, writer), connected(port) as (idle, _):
        writer.write(b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
        await echo.entered.wait()
        closing = asyncio.create_task(server.close(5.0))
        async with asyncio.timeout(5):
            assert await idle.read() == b""
        echo.leave.set()

        answer = await read_answer(reader)
        await closing

    assert (answer.status, answer.headers["connection"]) == (200, "close")
    with pytest.raises(OSError, match="Connect call failed"):
        await asyncio.open_connection("127.0.0.1", port)


async def test_close_cuts_off_after_the_grace(port: int, server: HTTPServer, echo: Echo) -> None:
    async with connected(port) as (reader, writer):
        writer.write(b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
        await echo.entered.wait()

        await server.close(0.01)

        assert echo.cancelled.is_set()
        with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
            await read_answer(reader)


async def test_taken_port_is_named(port: int, server: HTTPServer) -> None:
    with pytest.raises(OSError, match=str(port)):
        await server.listen("127.0.0.1", port)
