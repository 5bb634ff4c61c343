from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

import pytest

from pluggable.runtime import invocation
from pluggable.runtime.api.http import HTTPServer, Request as Asked, Response
from pluggable.runtime.appchannel import (
    AppAnswerError,
    AppTimedOutError,
    AppUnreachableError,
    Verdict,
    app_channel,
)
from pluggable.runtime.appchannel.client import Request
from pluggable.runtime.appchannel.h2client import H2Client
from pluggable.runtime.appchannel.streaming import Streamed
from pluggable.runtime.bodies import Pieces, whole
from pluggable.runtime.config import RuntimeConfig
from tests.programs import needed
from tests.runtime.appchannel.apps import message
from tests.runtime.appchannel.servers import Scripted

GET = Request(method="GET", path="/", may_repeat=True)
ONCE = Request(method="POST", path="/", body=b"x")

NODE = """
const server = require("http2").createServer((request, response) => {
  if (request.url === "/pipe") return request.pipe(response);
  const pieces = [];
  request.on("data", piece => pieces.push(piece));
  request.on("end", () => {
    response.setHeader("x-type", request.headers["content-type"] || "");
    response.end([request.method, request.url, Buffer.concat(pieces).toString()].join(" "));
  });
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
"""


@asynccontextmanager
async def serving(
    handle: Callable[[Asked], Awaitable[Response]], port: int = 0
) -> AsyncIterator[tuple[int, HTTPServer]]:
    async with HTTPServer(handle, max_body_bytes=8_000_000, read_buffer_bytes=8_000) as server:
        yield (await server.listen("127.0.0.1", port))[1], server


async def never() -> Response:
    await asyncio.get_running_loop().create_future()
    return Response(204)


async def echo(request: Asked) -> Response:
    return Response(200, request.method.encode() + b" " + request.path.encode() + b" " + request.body)


async def test_request_and_answer_are_whole() -> None:
    seen: list[Asked] = []

    async def handle(request: Asked) -> Response:
        seen.append(request)
        return Response(201, b"y" * 3_000_000, "text/css")

    async with serving(handle) as (port, _), H2Client("127.0.0.1", port) as client:
        asked = Request(method="POST", path="/a?b=c", headers=b"X-Y: z \r\n", body=b"x" * 3_000_000)
        answer = await client.request(asked, 10)

    assert (answer.status, answer.body, answer.header(b"content-type")) == (
        201,
        b"y" * 3_000_000,
        b"text/css",
    )
    assert (seen[0].method, seen[0].path, seen[0].query, len(seen[0].body)) == (
        "POST",
        "/a",
        "b=c",
        3_000_000,
    )
    assert (seen[0].headers["x-y"], seen[0].headers["content-length"]) == ("z", "3000000")


async def test_requests_go_side_by_side_on_one_connection() -> None:
    waiting, all_here = 0, asyncio.Event()

    async def handle(_: Asked) -> Response:
        nonlocal waiting
        waiting += 1
        if waiting == 20:
            all_here.set()
        await all_here.wait()
        return Response(204)

    async with serving(handle) as (port, _), H2Client("127.0.0.1", port) as client:
        answers = await asyncio.gather(*(client.request(GET, 5) for _ in range(20)))

        assert [(answer.status, answer.body) for answer in answers] == [(204, b"")] * 20
        assert len(client._open) == 1


@asynccontextmanager
async def node(folder: Path) -> AsyncIterator[int]:
    program = folder / "server.js"
    program.write_text(NODE)
    server = await asyncio.create_subprocess_exec(needed("node"), program, stdout=asyncio.subprocess.PIPE)
    try:
        assert server.stdout is not None
        yield int(await server.stdout.readline())
    finally:
        server.kill()
        await server.wait()


class Sent(Pieces):
    """A body whose next piece goes out when it is put in; an error is raised, and None is its end."""

    def __init__(self) -> None:
        self.put: asyncio.Queue[bytes | Exception | None] = asyncio.Queue()
        self.closed = asyncio.Event()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        piece = await self.put.get()
        if isinstance(piece, Exception):
            raise piece
        if piece is None:
            raise StopAsyncIteration
        return piece

    async def aclose(self) -> None:
        self.closed.set()


async def test_other_servers_understand_it(tmp_path: Path) -> None:
    asked = Request(method="PUT", path="/a", headers=b"content-type: x/y\r\n", body=b"b" * 200_000)
    sent = Sent()
    async with node(tmp_path) as port, H2Client("127.0.0.1", port) as client, asyncio.timeout(20):
        answers = await asyncio.gather(*(client.request(asked, 10) for _ in range(10)))
        asking = asyncio.create_task(client.converse(Request(method="POST", path="/pipe", body=sent)))
        sent.put.put_nowait(b"first")
        streamed = await asking
        assert isinstance(streamed, Streamed)
        assert await anext(streamed.body) == b"first"
        sent.put.put_nowait(b"second")
        assert await anext(streamed.body) == b"second"
        sent.put.put_nowait(None)
        assert [piece async for piece in streamed.body] == []

    assert {answer.body for answer in answers} == {b"PUT /a " + b"b" * 200_000}
    assert answers[0].header(b"x-type") == b"x/y"
    assert sent.closed.is_set()


async def test_body_that_cannot_be_read_is_not_sent_on() -> None:
    sent = Sent()
    sent.put.put_nowait(b"first")
    sent.put.put_nowait(LookupError("the caller is gone"))
    async with serving(echo) as (port, _), H2Client("127.0.0.1", port) as client:
        with pytest.raises(LookupError, match="the caller is gone"):
            await client.converse(Request(method="POST", path="/", body=sent))

        assert (await client.request(GET, 5)).status == 200
    assert sent.closed.is_set()


async def test_answer_is_not_taken_faster_than_it_is_read() -> None:
    async def handle(_: Asked) -> Response:
        return Response(200, b"x" * 3_000_000)

    async with serving(handle) as (port, _), H2Client("127.0.0.1", port, max_requests=1) as client:
        answer = await client.converse(GET)
        assert isinstance(answer, Streamed)
        size = len(await anext(answer.body))
        while (await asyncio.sleep(0.05, answer.body._body.waiting)) < 100_000:  # type: ignore[attr-defined]  # how much came ahead
            pass
        assert answer.body._body.waiting <= 128 * 1024  # type: ignore[attr-defined]
        async for piece in answer.body:
            size += len(piece)
        assert size == 3_000_000

        given_up = await client.converse(GET)
        assert isinstance(given_up, Streamed)
        await given_up.body.aclose()
        assert len((await client.request(GET, 5)).body) == 3_000_000


async def test_body_that_is_cut_off_is_told() -> None:
    async def handle(_: Asked) -> Response:
        return Response(200, b"x" * 3_000_000)

    async with serving(handle) as (port, server), H2Client("127.0.0.1", port) as client:
        answer = await client.converse(GET)
        assert isinstance(answer, Streamed)
        await server.close(0)
        with pytest.raises(AppUnreachableError, match="closed the connection within its answer"):
            async for _ in answer.body:
                pass


async def test_connection_that_ended_is_replaced() -> None:
    async with H2Client("127.0.0.1", 0) as client:
        async with serving(echo) as (port, _):
            client._port = port
            await client.request(GET, 5)
        async with serving(echo, port):
            assert (await client.request(ONCE, 5)).body == b"POST / x"


async def test_server_that_dies_with_a_request_has_not_answered_it() -> None:
    arrived = asyncio.Event()

    async def handle(_: Asked) -> Response:
        arrived.set()
        return await never()

    async with serving(handle) as (port, server), H2Client("127.0.0.1", port) as client:
        asking = asyncio.create_task(client.request(ONCE, 10))
        await arrived.wait()
        await server.close(0)

        with pytest.raises(AppUnreachableError, match="closed the connection before it answered"):
            await asking


async def test_answer_that_does_not_come_is_not_waited_for() -> None:
    cancelled = asyncio.Event()

    async def handle(_: Asked) -> Response:
        try:
            return await never()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    async with serving(handle) as (port, _), H2Client("127.0.0.1", port) as client:
        with pytest.raises(AppTimedOutError, match=r"POST / to the application .*: no answer within 0.05 s"):
            await client.request(ONCE, 0.05)
        async with asyncio.timeout(5):
            await cancelled.wait()


async def test_answer_that_is_too_large_is_none_and_others_go_on() -> None:
    async def handle(request: Asked) -> Response:
        return Response(200, b"x" * (2000 if request.path == "/big" else 10))

    async with serving(handle) as (port, _), H2Client("127.0.0.1", port, max_body_bytes=1000) as client:
        with pytest.raises(AppAnswerError, match="its body is longer than 1000 bytes"):
            await client.request(Request(method="GET", path="/big"), 5)
        assert (await client.request(GET, 5)).body == b"x" * 10


async def test_server_of_another_protocol_is_told() -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: int) -> None:
        await reader.read(10)
        writer.write(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n")
        await writer.drain()

    async with Scripted(script).running() as server, H2Client("127.0.0.1", server.port) as client:
        with pytest.raises(AppUnreachableError, match="it speaks no HTTP/2; is its protocol http"):
            await client.request(GET, 5)


async def test_nobody_listening_is_told() -> None:
    async with serving(echo) as (port, _):
        pass
    async with H2Client("127.0.0.1", port) as client:
        assert not await client.connectable()
        with pytest.raises(AppUnreachableError, match=f"no connection to .* at 127.0.0.1:{port}"):
            await client.request(GET, 5)


async def test_request_under_way_fails_at_close() -> None:
    arrived = asyncio.Event()

    async def handle(_: Asked) -> Response:
        arrived.set()
        return await never()

    async with serving(handle) as (port, _), H2Client("127.0.0.1", port) as client:
        asking = asyncio.create_task(client.request(ONCE))
        await arrived.wait()
        client.close()

        with pytest.raises(AppUnreachableError):
            await asking
        with pytest.raises(AppUnreachableError, match="the sidecar is going"):
            await client.request(GET)


async def test_application_by_h2c_gets_messages() -> None:
    seen: list[Asked] = []

    async def handle(request: Asked) -> Response:
        seen.append(request)
        return Response(200, b'{"status":"DROP"}' if request.path == "/r" else b"{}")

    async with serving(handle) as (port, _):
        config = RuntimeConfig(app_id="a", app_port=port, app_protocol="h2c", app_api_token="secret")
        async with app_channel(config) as channel:
            await channel.wait_for_app()
            await channel.config()
            answer = await channel.deliver("/r", message(b'{"id":"1"}', {"k": "v"}))

    assert answer.verdict is Verdict.DROP
    assert [request.path for request in seen] == ["/dapr/config", "/r"]
    assert (seen[1].body, seen[1].headers["k"]) == (b'{"id":"1"}', "v")
    assert (seen[1].headers["dapr-api-token"], seen[1].headers["content-type"]) == (
        "secret",
        "application/cloudevents+json",
    )


async def test_application_by_h2c_is_called_for_others() -> None:
    async with serving(echo) as (port, _), asyncio.timeout(10):
        config = RuntimeConfig(app_id="a", app_port=port, app_protocol="h2c", app_max_concurrency=1)
        async with app_channel(config) as channel:
            for _ in range(2):  # the first gave its turn back
                asked = invocation.Request(method="go", verb="POST", body=b"x")
                answer = await channel.invoke(asked)
                assert (answer.status, await whole(answer.body, 100)) == (200, b"POST /go x")
