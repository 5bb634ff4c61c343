"""What two readers could take for different answers is none, and its connection is not used again."""

from __future__ import annotations

import asyncio

import pytest

from pluggable.runtime.appchannel.client import Client, Request
from pluggable.runtime.appchannel.errors import AppAnswerError
from tests.runtime.appchannel.servers import Script, Scripted, read_request

GET = Request(method="GET", path="/", may_repeat=True)
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
#: An answer that the application did not give, in what looks like the body of one it gave.
FORGED = b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nforged"


def answer(*lines: bytes, body: bytes = b"") -> bytes:
    return b"\r\n".join([b"HTTP/1.1 200 OK", *lines, b"", body])


def chunked(body: bytes) -> bytes:
    return answer(b"Transfer-Encoding: chunked", body=body)


DOUBTFUL = {
    "both": answer(b"Content-Length: 2", b"Transfer-Encoding: chunked", body=b"2\r\nok\r\n0\r\n\r\n"),
    "two lengths": answer(b"Content-Length: 2", b"Content-Length: 3", body=b"okk"),
    "one length twice": answer(b"Content-Length: 2", b"Content-Length: 2", body=b"ok"),
    "plus": answer(b"Content-Length: +2", body=b"ok"),
    "minus": answer(b"Content-Length: -2", body=b"ok"),
    "a list": answer(b"Content-Length: 2, 2", body=b"ok"),
    "no number": answer(b"Content-Length: two", body=b"ok"),
    "beyond 64 bits": answer(b"Content-Length: 18446744073709551618", body=b"ok"),
    "another encoding": answer(b"Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n"),
    "a tab in an encoding": answer(b"Transfer-Encoding:\tchunked", body=b"0\r\n\r\n"),
    "chunked in HTTP/1.0": b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "0x": chunked(b"0x2\r\nok\r\n0\r\n\r\n"),
    "minus in a chunk": chunked(b"-2\r\nok\r\n0\r\n\r\n"),
    "a blank in a chunk": chunked(b"2 \r\nok\r\n0\r\n\r\n"),
    "a chunk that is longer": chunked(b"2\r\nokay\r\n0\r\n\r\n"),
    "a chunk without an end": chunked(b"2\r\nok0\r\n\r\n"),
    "a length as a trailer": chunked(b"2\r\nok\r\n0\r\nContent-Length: 9\r\n\r\n"),
    "bare line feeds": b"HTTP/1.1 200 OK\ncontent-length: 2\n\nok",
    "a bare line feed": b"HTTP/1.1 200 OK\r\nx: y\ncontent-length: 2\r\n\r\nok",
    "a bare carriage return": b"HTTP/1.1 200 OK\r\nx: y\rcontent-length: 9\r\ncontent-length: 2\r\n\r\nok",
    "folded": answer(b"x: y", b" content-length: 9", b"content-length: 2", body=b"ok"),
    "a blank before the colon": answer(b"content-length : 2", body=b"ok"),
    "no name": answer(b": y", b"content-length: 2", body=b"ok"),
    "a NUL": answer(b"x: \x00", b"content-length: 2", body=b"ok"),
    "no status": b"HTTP/1.1 OK\r\ncontent-length: 2\r\n\r\nok",
    "a status of four digits": b"HTTP/1.1 2000 OK\r\ncontent-length: 2\r\n\r\nok",
    "a small protocol": b"http/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
    "HTTP/2": b"HTTP/2.0 200 OK\r\ncontent-length: 2\r\n\r\nok",
    "words in between without end": b"HTTP/1.1 100 Continue\r\n\r\n" * 101 + OK,
}


def first(data: bytes) -> Script:
    """Answer with this on the first connection, and well on later ones."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        while True:
            await read_request(reader)
            writer.write(data if number == 1 else OK)
            await writer.drain()

    return script


@pytest.mark.parametrize("data", DOUBTFUL.values(), ids=DOUBTFUL)
async def test_doubtful_answer_is_an_error_and_ends_its_connection(data: bytes) -> None:
    async with Scripted(first(data)).running() as server, Client("127.0.0.1", server.port) as client:
        with pytest.raises(AppAnswerError, match="the application's answer cannot be read: "):
            await client.request(GET, 5)

        assert (await client.request(GET, 5)).body == b"ok"
        assert server.connections == 2


@pytest.mark.parametrize(
    "data",
    [
        OK + FORGED,
        OK + b"\r\n",
        b"HTTP/1.1 204 No Content\r\ncontent-length: 6\r\n\r\nforged",
        b"HTTP/1.1 304 Not Modified\r\n\r\n" + FORGED,
        chunked(b"2\r\nok\r\n0\r\n\r\n") + FORGED,
    ],
)
async def test_answer_behind_an_answer_is_given_to_nobody(data: bytes) -> None:
    async with Scripted(first(data)).running() as server, Client("127.0.0.1", server.port) as client:
        assert (await client.request(GET, 5)).body in (b"ok", b"")
        assert (await client.request(GET, 5)).body == b"ok"
        assert server.connections == 2


async def test_answer_to_head_has_no_body() -> None:
    head = Request(method="HEAD", path="/", may_repeat=True)
    data = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n"
    async with Scripted(first(data)).running() as server, Client("127.0.0.1", server.port) as client:
        for _ in range(2):
            assert (await client.request(head, 5)).body == b""
        assert server.connections == 1
