"""The HTTP API over HTTP/2 in clear text, on the same port."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import subprocess
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

import ngh2
import pytest
from ngh2 import Configuration, ErrorCode, Role

from pluggable.runtime.api.http import HTTPServer, connection, exchange, h2c, slow
from tests.programs import needed
from tests.runtime.api.conftest import Sidecars
from tests.runtime.api.http_server import Asked, connected, serving
from tests.transport.h2.peers import PREFACE, Peer, Raw

GET_1 = b"GET /old HTTP/1.1\r\nHost: x\r\n\r\n"


def fields(method: str, path: str, **more: str) -> list[tuple[bytes, bytes]]:
    told = {":method": method, ":scheme": "http", ":path": path, ":authority": "x", **more}
    return [(name.replace("_", "-").encode(), value.encode()) for name, value in told.items()]


@asynccontextmanager
async def client(port: int) -> AsyncIterator[Peer]:
    async with connected(port) as (reader, writer):
        peer = Peer(Raw(reader, writer))
        peer.flush()
        yield peer


async def answers(peer: Peer, streams: Collection[int]) -> dict[int, tuple[int, bytes]]:
    """Return status and body of the answers on streams, in whatever order they come."""
    statuses: dict[int, int] = {}
    bodies = dict.fromkeys(streams, b"")
    ended: set[int] = set()
    while len(ended) < len(streams):
        event = await peer.event(ngh2.Event)
        if isinstance(event, ngh2.ResponseReceived):
            statuses[event.stream_id] = int(dict(event.headers)[b":status"])
        elif isinstance(event, ngh2.DataReceived):
            bodies[event.stream_id] += event.data
            with contextlib.suppress(ngh2.ConnectionStateError):  # the server has said goodbye
                peer.engine.acknowledge_received_data(len(event.data), event.stream_id)
                peer.flush()
        else:
            assert not isinstance(event, ngh2.StreamReset), event
            continue
        if event.end_stream:
            ended.add(event.stream_id)
    return {stream: (statuses[stream], bodies[stream]) for stream in streams}


async def answer(peer: Peer, stream: int) -> tuple[int, bytes]:
    return (await answers(peer, [stream]))[stream]


async def ask(peer: Peer, request: list[tuple[bytes, bytes]], body: bytes = b"") -> tuple[int, bytes]:
    stream = peer.engine.send_request(request, end_stream=not body)
    if body:
        peer.engine.send_data(stream, body, end_stream=True)
    peer.flush()
    return await answer(peer, stream)


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture
def short_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slow, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(h2c, "GREETING_SECONDS", 0.2)
    for name in ("BODY_SECONDS", "UNREAD_SECONDS"):
        monkeypatch.setattr(exchange, name, 0.2)


async def test_both_protocols_are_answered_on_one_port(asked: Asked) -> None:
    async with serving(asked) as port, client(port) as peer, connected(port) as (reader, writer):
        writer.write(GET_1)
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        status, body = await ask(peer, fields("POST", "/a%2Fb?c=d", x_y="1", cookie="z"), b"body")

    assert (status, json.loads(body)) == (200, ["POST", "/a%2Fb", 4])
    request = asked.requests[1]
    assert (request.query, request.body) == ("c=d", b"body")
    assert request.headers == {"x-y": "1", "cookie": "z", "host": "x"}


async def test_greeting_may_come_byte_by_byte(asked: Asked) -> None:
    async with serving(asked) as port, connected(port) as (reader, writer):
        for byte in PREFACE:
            writer.write(bytes((byte,)))
            await writer.drain()

        async with asyncio.timeout(5):
            assert (await reader.readexactly(9))[3] == 4  # SETTINGS


async def test_preface_behind_a_request_is_none(asked: Asked) -> None:
    async with serving(asked) as port, connected(port) as (reader, writer), asyncio.timeout(5):
        writer.write(GET_1 + PREFACE)

        told = await reader.read()
    assert b"HTTP/1.1 505 " in told
    assert asked.paths == ["/old"]


async def test_api_is_the_same_over_http2(sidecars: Sidecars) -> None:
    sidecar = await sidecars.open()
    async with client(sidecar.http_port) as peer:
        assert await ask(peer, fields("POST", "/v1.0/state/store"), b'[{"key":"k","value":1}]') == (204, b"")
        assert await ask(peer, fields("GET", "/v1.0/state/store/k")) == (200, b"1")
        assert (await ask(peer, fields("GET", "/v1.0/state/none/k")))[0] == 400
        assert (await ask(peer, fields("GET", "/nothing")))[0] == 404
        assert await ask(peer, fields("HEAD", "/v1.0/state/store/k")) == (200, b"")


async def test_streams_are_answered_beside_each_other(asked: Asked) -> None:
    async with serving(asked) as port, client(port) as peer:
        waiting = peer.engine.send_request(fields("GET", "/wait"), end_stream=True)
        quick = [peer.engine.send_request(fields("GET", f"/{n}"), end_stream=True) for n in range(200)]
        peer.flush()
        told = await answers(peer, quick)
        assert [json.loads(told[stream][1])[1] for stream in quick] == [f"/{n}" for n in range(200)]
        asked.leave.set()

        assert (await answer(peer, waiting))[0] == 200


async def test_more_streams_than_offered_wait_their_turn(asked: Asked) -> None:
    async with serving(asked) as port, client(port) as peer:
        settings = await peer.event(ngh2.SettingsReceived)

    assert settings.settings[ngh2.Setting.MAX_CONCURRENT_STREAMS] == h2c.STREAMS


async def test_large_bodies_go_both_ways(asked: Asked) -> None:
    async with serving(asked, max_body_bytes=5_000_000) as port, client(port) as peer:
        status, told = await ask(peer, fields("POST", "/a"), b"x" * 5_000_000)
        assert (status, json.loads(told)[2]) == (200, 5_000_000)
        assert await ask(peer, fields("GET", "/big?3000000")) == (200, b"x" * 3_000_000)


async def test_client_that_does_not_read_holds_up_no_other_stream(asked: Asked) -> None:
    async with serving(asked) as port, client(port) as peer:
        peer.engine.set_local_window_size(1_000_000)  # of the connection; a stream's stays at 64 KiB
        unread = peer.engine.send_request(fields("GET", "/big?3000000"), end_stream=True)
        peer.flush()
        await peer.event(ngh2.DataReceived)
        quick = peer.engine.send_request(fields("GET", "/a"), end_stream=True)
        peer.flush()

        while (event := await peer.event(ngh2.DataReceived)).stream_id == unread:
            assert not event.end_stream
        assert event.stream_id == quick


async def test_reset_stream_cancels_its_handler(asked: Asked) -> None:
    async with serving(asked) as port, client(port) as peer, asyncio.timeout(5):
        stream = peer.engine.send_request(fields("GET", "/wait"), end_stream=True)
        peer.flush()
        await asked.entered.wait()
        peer.engine.reset_stream(stream, ErrorCode.CANCEL)
        peer.flush()

        await asked.cancelled.wait()
        assert (await ask(peer, fields("GET", "/a")))[0] == 200


async def test_lost_connection_cancels_its_handlers(asked: Asked) -> None:
    async with serving(asked) as port, asyncio.timeout(5):
        async with client(port) as peer:
            peer.engine.send_request(fields("GET", "/wait"), end_stream=True)
            peer.flush()
            await asked.entered.wait()

        await asked.cancelled.wait()


@pytest.mark.parametrize(
    ("request_fields", "body", "status", "sentence"),
    [
        (fields("POST", "/a"), b"x" * 1001, 413, "longer than the 1000 bytes"),
        (fields("POST", "/a", x="y" * 6000), b"", 431, "head is longer"),
        (fields("GET", "/" + "y" * 6000), b"", 431, "head is longer"),
        (fields("GET", "/fail"), b"", 500, "its log says why"),
    ],
)
async def test_refusal_is_that_of_http1(
    asked: Asked, request_fields: list[tuple[bytes, bytes]], body: bytes, status: int, sentence: str
) -> None:
    async with serving(asked) as port, client(port) as peer:
        told, text = await ask(peer, request_fields, body)
        assert (told, sentence in json.loads(text)["message"]) == (status, True)
        assert (await ask(peer, fields("GET", "/a")))[0] == 200


async def test_continue_is_said_to_who_waits(asked: Asked) -> None:
    async with serving(asked) as port, client(port) as peer:
        stream = peer.engine.send_request(fields("POST", "/a", expect="100-continue"))
        peer.flush()
        await peer.event(ngh2.InformationalResponseReceived)
        peer.engine.send_data(stream, b"ab", end_stream=True)
        peer.flush()

        assert (await answer(peer, stream))[0] == 200


@pytest.mark.usefixtures("short_limits")
async def test_slow_streams_are_given_up(asked: Asked) -> None:
    async with serving(asked) as port, client(port) as peer:
        peer.engine.set_local_window_size(1_000_000)
        begun = peer.engine.send_request(fields("POST", "/a"))
        peer.engine.send_data(begun, b"x")
        peer.flush()
        assert (await answer(peer, begun))[0] == 408

        unread = peer.engine.send_request(fields("GET", "/big?3000000"), end_stream=True)
        peer.flush()
        while (await peer.event(ngh2.StreamReset)).stream_id != unread:
            pass
        assert (await ask(peer, fields("GET", "/a")))[0] == 200


@pytest.mark.usefixtures("short_limits")
async def test_greeting_that_does_not_go_on_is_given_up(asked: Asked) -> None:
    async with serving(asked) as port, connected(port) as (reader, writer), asyncio.timeout(5):
        writer.write(PREFACE)

        await reader.read()


async def test_close_lets_streams_end(asked: Asked) -> None:
    async with HTTPServer(asked, max_body_bytes=1000) as server:
        _, port = await server.listen("127.0.0.1", 0)
        async with client(port) as peer, asyncio.timeout(5):
            stream = peer.engine.send_request(fields("GET", "/wait"), end_stream=True)
            peer.flush()
            await asked.entered.wait()
            closing = asyncio.create_task(server.close(5.0))
            await peer.event(ngh2.GoAwayReceived)
            asked.leave.set()

            assert (await answer(peer, stream))[0] == 200
            while await peer.read():
                pass
            await closing


async def test_close_cuts_off_after_the_grace(asked: Asked) -> None:
    async with HTTPServer(asked, max_body_bytes=1000) as server:
        _, port = await server.listen("127.0.0.1", 0)
        async with client(port) as peer, asyncio.timeout(5):
            peer.engine.send_request(fields("GET", "/wait"), end_stream=True)
            peer.flush()
            await asked.entered.wait()

            await server.close(0.01)
            assert asked.cancelled.is_set()


UPGRADE = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: %s\r\n"


async def test_client_may_ask_for_http2(asked: Asked) -> None:
    settings = ngh2.pack_settings_payload({ngh2.Setting.INITIAL_WINDOW_SIZE: 70_000})
    async with serving(asked) as port, connected(port) as (reader, writer), asyncio.timeout(5):
        told = UPGRADE % base64.urlsafe_b64encode(settings).rstrip(b"=")
        writer.write(b"GET /a?b=c HTTP/1.1\r\nHost: x\r\n" + told + b"\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.split(b"\r\n")[:3] == [
            b"HTTP/1.1 101 Switching Protocols", b"Connection: Upgrade", b"Upgrade: h2c"
        ]  # fmt: skip
        peer = Peer(Raw(reader, writer))
        peer.engine = ngh2.Connection(Role.CLIENT, Configuration(auto_window_update=False))
        peer.engine.initiate_upgrade(settings)
        peer.flush()

        assert json.loads((await answer(peer, 1))[1]) == ["GET", "/a", 0]
        assert (await ask(peer, fields("POST", "/b"), b"xyz"))[0] == 200


@pytest.mark.parametrize("settings", [b"!!", b"AAA", b"AAMAAABkAARAAAAA, AAMAAABkAARAAAAA"])
async def test_upgrade_that_cannot_be_is_passed_over(asked: Asked, settings: bytes) -> None:
    async with serving(asked) as port, connected(port) as (reader, writer), asyncio.timeout(5):
        writer.write(b"GET /a HTTP/1.1\r\nHost: x\r\n" + UPGRADE % settings + b"\r\n" + GET_1)

        assert (await reader.readline()).startswith(b"HTTP/1.1 200")


async def test_curl_and_nghttp_are_answered(asked: Asked) -> None:
    curl, nghttp = needed("curl"), needed("nghttp")
    async with serving(asked) as port:
        url = f"http://127.0.0.1:{port}/a"
        for command in (
            [curl, "-sS", "--http2-prior-knowledge", "--data", "abc", url],
            [curl, "-sS", "--http2", url],
            [nghttp, url],
            [nghttp, "-u", url],
        ):
            done = await asyncio.to_thread(
                subprocess.run, command, capture_output=True, text=True, timeout=20, check=True
            )
            assert '"/a"' in done.stdout, done

    assert connection.HEAD_SECONDS  # one clock for both protocols


async def test_h2load_finds_no_fault(asked: Asked) -> None:
    h2load = needed("h2load")
    async with serving(asked) as port:
        command = [h2load, "-n", "2000", "-c", "4", "-m", "50", f"http://127.0.0.1:{port}/a"]
        done = await asyncio.to_thread(
            subprocess.run, command, capture_output=True, text=True, timeout=60, check=True
        )

    assert "2000 succeeded, 0 failed, 0 errored" in done.stdout
