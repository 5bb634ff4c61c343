"""Clients that are slow, leave early or want too much at once."""

from __future__ import annotations

import asyncio
import json
import socket
import time

import pytest

from pluggable.runtime.api.http import HTTPServer, connection, line, slow
from tests.runtime.api.conftest import read_answer
from tests.runtime.api.http_server import Asked, connected, serving

GET = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
WAIT = b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture(autouse=True)
def short_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slow, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(line, "UNREAD_SECONDS", 0.2)
    for name in ("HEAD_SECONDS", "BODY_SECONDS"):
        monkeypatch.setattr(connection, name, 0.2)


async def pause(seconds: float) -> None:
    """Be slow, which is what is tested here."""
    await asyncio.sleep(seconds)


@pytest.fixture
def asked() -> Asked:
    return Asked()


async def test_head_that_trickles_in_is_given_up(asked: Asked) -> None:
    async with serving(asked) as port, connected(port) as (reader, writer), asyncio.timeout(5):
        answer = asyncio.create_task(read_answer(reader))
        for byte in GET[:-1]:
            writer.write(bytes([byte]))
            await asyncio.wait([answer], timeout=0.02)
            if answer.done():
                break

        assert (await answer).status == 408
        assert "head is not whole" in json.loads((await answer).body)["message"]
        assert await reader.read() == b""
    assert not asked.requests


@pytest.mark.parametrize(
    "begun",
    [
        b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc",
        b"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc",
        b"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: y\r\n",
    ],
)
async def test_body_that_does_not_go_on_is_given_up(asked: Asked, begun: bytes) -> None:
    async with serving(asked) as port, connected(port) as (reader, writer), asyncio.timeout(5):
        writer.write(begun)

        assert (await read_answer(reader)).status == 408
        assert await reader.read() == b""
    assert not asked.requests


async def test_body_that_goes_on_has_its_time(asked: Asked) -> None:
    async with serving(asked) as port, connected(port) as (reader, writer):
        writer.write(b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 30\r\n\r\n")
        answer = asyncio.create_task(read_answer(reader))
        for _ in range(30):  # three times the limit for a pause
            writer.write(b"x")
            await asyncio.wait([answer], timeout=0.02)

        assert (await answer).status == 200


async def test_idle_connection_is_kept(asked: Asked) -> None:
    async with serving(asked) as port, connected(port) as (reader, writer), connected(port) as (slow_one, _):
        writer.write(GET)
        await read_answer(reader)
        with pytest.raises(TimeoutError):  # longer than any limit
            await asyncio.wait_for(asyncio.gather(reader.read(1), slow_one.read(1)), 0.6)


async def test_handler_may_take_its_time(asked: Asked) -> None:
    async with serving(asked) as port, connected(port) as (reader, writer):
        writer.write(WAIT + GET[:9])
        await asked.entered.wait()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.6)
        asked.leave.set()

        assert (await read_answer(reader)).status == 200
        writer.write(GET[9:])
        assert (await read_answer(reader)).status == 200


async def test_client_that_does_not_read_is_given_up(asked: Asked) -> None:
    async with HTTPServer(asked, max_body_bytes=1000) as server:
        _, port = await server.listen("127.0.0.1", 0)
        client = socket.create_connection(("127.0.0.1", port))
        with client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.send(b"GET /big?20000000 HTTP/1.1\r\nHost: x\r\n\r\n")
            async with asyncio.timeout(5):
                await server.left()


async def test_client_that_reads_slowly_gets_all(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "UNREAD_SECONDS", 0.5)  # sockets hold some megabytes of what is not read
    async with serving(asked) as port, connected(port) as (reader, writer):
        writer.write(b"GET /big?12000000 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        began, size = time.monotonic(), 0
        while piece := await reader.read(200_000):  # sixty times at least, whatever the machine
            size += len(piece)
            await pause(0.01)

    assert time.monotonic() - began > 0.5
    assert size > 12_000_000


async def test_requests_behind_one_that_waits_are_left_in_the_socket(asked: Asked) -> None:
    async with serving(asked) as port, connected(port) as (_, writer):
        writer.write(WAIT)
        await asked.entered.wait()
        writer.write(GET * 1_000_000)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(writer.drain(), 0.5)

        assert asked.paths == ["/wait"]
        writer.transport.abort()


async def test_pipelining_client_does_not_hold_up_others(asked: Asked) -> None:
    async with serving(asked) as port, connected(port) as (_, eager), connected(port) as (reader, writer):
        eager.write(GET * 3000)
        writer.write(GET)

        await read_answer(reader)
        assert len(asked.requests) < 3001


@pytest.mark.parametrize("data", [GET[:20], b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc"])
async def test_request_that_is_cut_off_is_none(asked: Asked, data: bytes) -> None:
    async with serving(asked) as port, connected(port) as (reader, writer), asyncio.timeout(5):
        writer.write(data)
        writer.write_eof()

        assert await reader.read() == b""
    assert not asked.requests


async def test_half_closed_client_gets_all_its_answers(asked: Asked) -> None:
    async with serving(asked) as port, connected(port) as (reader, writer), asyncio.timeout(5):
        writer.write(WAIT + GET * 3 + GET[:5])
        writer.write_eof()
        await asked.entered.wait()
        asked.leave.set()

        told = await reader.read()
    assert told.count(b"HTTP/1.1 200 OK") == 4


async def test_continue_is_said_once_and_only_to_who_waits(asked: Asked) -> None:
    head = b"POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n"
    async with serving(asked) as port, connected(port) as (reader, writer), asyncio.timeout(5):
        writer.write(head)
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"a")
        writer.write(b"b" + head + b"ab")

        assert (await read_answer(reader)).status == 200
        assert (await read_answer(reader)).status == 200


async def test_continue_is_not_said_to_who_is_refused(asked: Asked) -> None:
    head = b"POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2000\r\n\r\n"
    async with serving(asked) as port, connected(port) as (reader, writer):
        writer.write(head)

        assert (await read_answer(reader)).status == 413


async def test_continue_comes_behind_earlier_answers(asked: Asked) -> None:
    head = b"POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    async with serving(asked) as port, connected(port) as (reader, writer), asyncio.timeout(5):
        writer.write(WAIT + head)
        await asked.entered.wait()
        asked.leave.set()

        assert (await read_answer(reader)).status == 200
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"ab")
        assert (await read_answer(reader)).status == 200


async def test_empty_lines_between_requests_are_passed_over(asked: Asked) -> None:
    async with serving(asked) as port, connected(port) as (reader, writer):
        writer.write(b"\r\n\r\n" + GET + b"\r\n")
        assert (await read_answer(reader)).status == 200
        with pytest.raises(TimeoutError):  # which does not count as the beginning of a head
            await asyncio.wait_for(reader.read(1), 0.6)
        writer.write(GET)
        assert (await read_answer(reader)).status == 200
