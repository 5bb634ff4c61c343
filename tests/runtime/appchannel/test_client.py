from __future__ import annotations

import asyncio

import pytest

from pluggable.runtime.appchannel.client import Client, Request
from pluggable.runtime.appchannel.errors import AppAnswerError, AppTimedOutError, AppUnreachableError
from tests.runtime.appchannel.servers import Script, Scripted, read_request

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
GET = Request(method="GET", path="/")
AGAIN = Request(method="GET", path="/", may_repeat=True)


def always(answer: bytes, *, close: bool = False) -> Script:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: int) -> None:
        while True:
            await read_request(reader)
            writer.write(answer)
            await writer.drain()
            if close:
                return

    return script


async def ask(answer: bytes, *, close: bool = False, max_body_bytes: int = 100) -> tuple[int, bytes]:
    async with (
        Scripted(always(answer, close=close)).running() as server,
        Client("127.0.0.1", server.port, max_body_bytes=max_body_bytes) as client,
    ):
        response = await client.request(GET, 5)
        return response.status, response.body


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        (OK, 200, b"ok"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", 200, b""),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", 200, b"abc"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, 200, b"ok"),
        (b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + OK, 200, b"ok"),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno", 404, b"no"),
    ],
)
async def test_answer_is_read_whole(answer: bytes, status: int, body: bytes) -> None:
    assert await ask(answer) == (status, body)


async def test_unsized_answer_ends_with_connection() -> None:
    assert await ask(b"HTTP/1.1 200 OK\r\n\r\nall of it", close=True) == (200, b"all of it")
    assert await ask(b"HTTP/1.0 200 OK\r\n\r\nall of it", close=True) == (200, b"all of it")


@pytest.mark.parametrize(
    "cut",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab",
        b"HTTP/1.1 200",
        b"HTTP/1.1 100 Continue\r\n\r\n",
    ],
)
async def test_cut_answer_is_an_error(cut: bytes) -> None:
    with pytest.raises(AppUnreachableError, match="closed the connection within its answer"):
        await ask(cut, close=True)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"SSH-2.0-OpenSSH\r\n\r\n", "cannot be read"),
        (
            b"HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
            "switch protocols",
        ),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 101\r\n\r\n" + b"x" * 101, "longer than 100 bytes"),
        (b"HTTP/1.1 200 OK\r\nx: " + b"y" * 70_000 + b"\r\n\r\n", "headers are longer than 65536 bytes"),
    ],
)
async def test_unusable_answer_says_why(answer: bytes, reason: str) -> None:
    with pytest.raises(AppAnswerError, match=reason):
        await ask(answer)


async def test_request_is_sent_whole() -> None:
    seen: list[bytes] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: int) -> None:
        seen.append(await read_request(reader))
        writer.write(OK)
        await writer.drain()

    async with Scripted(script).running() as server, Client("127.0.0.1", server.port) as client:
        body = b"x" * 3_000_000
        await client.request(Request(method="POST", path="/a?b=c", headers=b"x: y\r\n", body=body), 5)

    head, _, sent = seen[0].partition(b"\r\n\r\n")
    assert head.split(b"\r\n") == [
        b"POST /a?b=c HTTP/1.1",
        f"host: 127.0.0.1:{server.port}".encode(),
        b"x: y",
        b"content-length: 3000000",
    ]
    assert sent == body


async def test_connection_is_used_again() -> None:
    async with Scripted(always(OK)).running() as server, Client("127.0.0.1", server.port) as client:
        for _ in range(3):
            await client.request(GET, 5)

        assert server.connections == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.0 204 No\r\n\r\n",
        OK + OK,
    ],
)
async def test_connection_that_is_spent_is_left(answer: bytes) -> None:
    async with Scripted(always(answer)).running() as server, Client("127.0.0.1", server.port) as client:
        await client.request(GET, 5)
        await client.request(GET, 5)

        assert server.connections == 2


async def test_requests_go_side_by_side() -> None:
    all_here = asyncio.Event()
    waiting = 0

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: int) -> None:
        nonlocal waiting
        await read_request(reader)
        waiting += 1
        if waiting == 5:
            all_here.set()
        await all_here.wait()
        writer.write(OK)
        await writer.drain()

    async with Scripted(script).running() as server, Client("127.0.0.1", server.port) as client:
        answers = await asyncio.gather(*(client.request(GET, 5) for _ in range(5)))

    assert [answer.body for answer in answers] == [b"ok"] * 5


async def closing_on_second(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
    """Answers once; reads a second request on the first connection and closes without a word."""
    await read_request(reader)
    writer.write(OK)
    await read_request(reader)
    if number > 1:
        writer.write(OK)
        await writer.drain()


async def test_kept_connection_that_closes_is_replaced() -> None:
    request = Request(method="POST", path="/", body=b"x", may_repeat=True)
    async with Scripted(closing_on_second).running() as server, Client("127.0.0.1", server.port) as client:
        await client.request(request, 5)
        response = await client.request(request, 5)

        assert (response.body, server.connections) == (b"ok", 2)


async def test_unrepeatable_request_is_sent_once() -> None:
    async with Scripted(closing_on_second).running() as server, Client("127.0.0.1", server.port) as client:
        await client.request(GET, 5)

        with pytest.raises(AppUnreachableError, match="before it answered"):
            await client.request(GET, 5)
        assert server.connections == 1


async def test_new_connection_that_closes_is_an_error() -> None:
    async def script(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter, _: int) -> None:
        await read_request(reader)

    async with Scripted(script).running() as server, Client("127.0.0.1", server.port) as client:
        with pytest.raises(AppUnreachableError, match="before it answered"):
            await client.request(AGAIN, 5)
        assert server.connections == 1


async def test_closed_idle_connection_is_left() -> None:
    closed = asyncio.Event()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: int) -> None:
        await read_request(reader)
        writer.write(OK)
        await writer.drain()
        await closed.wait()

    async with Scripted(script).running() as server, Client("127.0.0.1", server.port) as client:
        await client.request(GET, 5)
        closed.set()
        await client.request(AGAIN, 5)

        assert server.connections == 2


async def test_time_limit_is_kept() -> None:
    async def script(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter, _: int) -> None:
        await reader.read()

    async with Scripted(script).running() as server, Client("127.0.0.1", server.port) as client:
        with pytest.raises(AppTimedOutError, match=r"GET /slow .* no answer within 0.05 s"):
            await client.request(Request(method="GET", path="/slow"), 0.05)


async def test_cancelled_request_leaves_no_connection() -> None:
    asked, gone = asyncio.Event(), asyncio.Event()

    async def script(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter, _: int) -> None:
        await read_request(reader)
        asked.set()
        try:
            await reader.read()
        finally:
            gone.set()

    async with Scripted(script).running() as server, Client("127.0.0.1", server.port) as client:
        task = asyncio.create_task(client.request(GET))
        await asked.wait()
        task.cancel()
        async with asyncio.timeout(5):
            await gone.wait()

        with pytest.raises(asyncio.CancelledError):
            await task


async def test_nobody_listening_is_told() -> None:
    async with Scripted(always(OK)).running() as server:
        port = server.port
    async with Client("127.0.0.1", port) as client:
        assert not await client.connectable()
        with pytest.raises(AppUnreachableError, match=f"no connection to .* at 127.0.0.1:{port}"):
            await client.request(GET, 5)


async def test_request_under_way_fails_at_close() -> None:
    asked = asyncio.Event()

    async def script(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter, _: int) -> None:
        await read_request(reader)
        asked.set()
        await reader.read()

    async with Scripted(script).running() as server, Client("127.0.0.1", server.port) as client:
        task = asyncio.create_task(client.request(GET))
        await asked.wait()
        client.close()

        with pytest.raises(AppUnreachableError):
            await task
