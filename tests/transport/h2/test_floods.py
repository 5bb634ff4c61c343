"""What a peer does that means no good, or nothing: it loses its connection, and nobody else anything."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from ngh2 import ErrorCode, ResponseReceived

from pluggable.transport.h2 import Bounds, listener
from tests.transport.h2.peers import PREFACE, REQUEST, RESPONSE, SETTINGS, Station, frame, peer, raw, station

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS_FRAME, PING = 0, 1, 2, 3, 4, 6
WINDOW_UPDATE, CONTINUATION, UNKNOWN = 8, 9, 0x42
#: The fields of REQUEST, for a peer that has no encoder: literals that are not indexed.
BLOCK = b"".join(
    b"\x00" + bytes((len(name),)) + name + bytes((len(value),)) + value for name, value in REQUEST
)


async def answers(folder: Path, served: Station) -> bool:
    """Return whether another peer is served."""
    async with peer(folder) as other:
        number = other.engine.send_request(REQUEST, end_stream=True)
        other.flush()
        while (stream := await served.stream()).closed or stream.number != number:
            pass  # the enemy's
        stream.respond(RESPONSE, last=True)
        return (await other.event(ResponseReceived)).headers == tuple(RESPONSE)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"GET / HTTP/1.1\r\nhost: test\r\n\r\n", ErrorCode.PROTOCOL_ERROR),
        (PREFACE + frame(PING, 0, 0, bytes(8)), ErrorCode.PROTOCOL_ERROR),
        (PREFACE + SETTINGS + frame(PING, 0, 0, bytes(7)), ErrorCode.FRAME_SIZE_ERROR),
        (PREFACE + SETTINGS + frame(0, 0, 0, b"data"), ErrorCode.PROTOCOL_ERROR),
        (PREFACE + SETTINGS + frame(HEADERS, 4, 2, BLOCK), ErrorCode.PROTOCOL_ERROR),
        (PREFACE + SETTINGS + frame(HEADERS, 4, 1, b"\xff" * 40), ErrorCode.COMPRESSION_ERROR),
        (PREFACE + SETTINGS + frame(8, 0, 0, bytes(4)), ErrorCode.PROTOCOL_ERROR),
    ],
    ids=[
        "HTTP/1",
        "no settings",
        "short ping",
        "data of no stream",
        "even stream",
        "no HPACK",
        "no increment",
    ],
)
async def test_nonsense_ends_its_connection(socket_folder: Path, data: bytes, code: ErrorCode) -> None:
    async with station(socket_folder) as served, raw(socket_folder, greet=False) as enemy:
        enemy.write(data)

        assert await enemy.goodbye() is code
        assert await served.loss()
        assert await answers(socket_folder, served)


async def test_many_settings_that_nobody_reads(socket_folder: Path) -> None:
    async with station(socket_folder) as served, raw(socket_folder) as enemy:
        await flood(enemy.writer, SETTINGS * 1000)

        assert await served.loss()
        assert await answers(socket_folder, served)


async def test_many_pings_that_nobody_reads(socket_folder: Path) -> None:
    async with station(socket_folder) as served, raw(socket_folder) as enemy:
        await flood(enemy.writer, frame(PING, 0, 0, bytes(8)) * 1000)

        assert await served.loss()
        assert await answers(socket_folder, served)


async def flood(writer: asyncio.StreamWriter, data: bytes) -> None:
    """Send until it is too much for the other end, and read nothing."""
    writer.transport.pause_reading()  # type: ignore[attr-defined]  # it can read as well
    try:
        async with asyncio.timeout(20):
            while not writer.transport.is_closing():
                writer.write(data)
                await writer.drain()
    except (ConnectionError, TimeoutError):
        assert writer.transport.is_closing()


async def test_streams_that_are_reset_at_once(socket_folder: Path) -> None:
    cancel = ErrorCode.CANCEL.to_bytes(4, "big")
    async with station(socket_folder, Bounds(resets=(100, 10))) as served, raw(socket_folder) as enemy:
        for number in range(1, 1001, 2):
            enemy.write(frame(HEADERS, 4, number, BLOCK) + frame(RST_STREAM, 0, number, cancel))

        assert "INTERNAL_ERROR" in await served.loss()
        assert await answers(socket_folder, served)


async def test_streams_that_are_spoilt_so_that_we_reset_them(socket_folder: Path) -> None:
    async with station(socket_folder, Bounds(resets=(100, 10))) as served, raw(socket_folder) as enemy:
        for number in range(1, 2001, 2):
            enemy.write(frame(HEADERS, 5, number, BLOCK) + frame(DATA, 0, number, b"after the end"))

        assert await served.loss()
        assert served.streams.qsize() < 200
        assert await answers(socket_folder, served)


@pytest.mark.parametrize(
    ("kind", "stream", "payload"),
    [
        (PING, 0, bytes(8)),
        (SETTINGS_FRAME, 0, b"\x00\x04\x00\x01\x00\x00"),
        (WINDOW_UPDATE, 1, b"\x00\x00\x00\x01"),
    ],
    ids=["ping", "settings", "window update"],
)
async def test_many_frames_for_nothing(socket_folder: Path, kind: int, stream: int, payload: bytes) -> None:
    async with station(socket_folder) as served, raw(socket_folder) as enemy:
        enemy.write(frame(HEADERS, 4, 1, BLOCK))
        flooded = await served.stream()
        reading = asyncio.create_task(enemy.rest())
        for _ in range(20):
            enemy.write(frame(kind, 0, stream, payload) * 1000)
            await enemy.writer.drain()
            assert await answers(socket_folder, served)  # in between

        assert not flooded.closed
        assert flooded.connection.transport.get_write_buffer_size() < 2**20
        reading.cancel()


@pytest.mark.parametrize(
    ("kind", "payload"),
    [(DATA, b""), (PRIORITY, bytes(5)), (UNKNOWN, b"x")],
    ids=["empty data", "priority", "unknown"],
)
async def test_too_many_odd_frames(socket_folder: Path, kind: int, payload: bytes) -> None:
    async with station(socket_folder) as served, raw(socket_folder) as enemy:
        enemy.write(frame(HEADERS, 4, 1, BLOCK) + frame(kind, 0, 1, payload) * 20_000)

        assert await served.loss()
        assert await answers(socket_folder, served)


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (frame(8, 0, 0, b"\x7f\xff\xff\xff"), "FLOW_CONTROL_ERROR"),
        (frame(8, 0, 1, b"\x7f\xff\xff\xff"), "FLOW_CONTROL_ERROR"),
        (frame(4, 0, 0, b"\x00\x04\xff\xff\xff\xff"), "FLOW_CONTROL_ERROR"),
        (frame(0, 0, 1, b"x" * 16_384) * 5, "FLOW_CONTROL_ERROR"),
        (frame(0, 0, 1, b"x" * 16_385), "FRAME_SIZE_ERROR"),
    ],
    ids=["of the connection", "of a stream", "of all streams", "is not kept to", "of a frame"],
)
async def test_window_that_overflows(socket_folder: Path, data: bytes, found: str) -> None:
    bounds = Bounds(stream_window=32 * 1024)
    async with station(socket_folder, bounds) as served, raw(socket_folder) as enemy:
        enemy.write(frame(HEADERS, 4, 1, BLOCK) + data)
        stream = await served.stream()

        assert (await enemy.goodbye()).name == found
        await served.loss()
        assert stream.closed
        assert stream.received <= 65_535  # what holds until it has read of the bound
        assert await answers(socket_folder, served)


async def test_headers_that_never_end(socket_folder: Path) -> None:
    async with station(socket_folder) as served, raw(socket_folder) as enemy:
        enemy.write(frame(HEADERS, 0, 1, BLOCK))
        for _ in range(10_000):
            enemy.write(frame(CONTINUATION, 0, 1, b""))

        assert "CONTINUATION" in await served.loss()
        assert await answers(socket_folder, served)


async def test_headers_in_many_pieces_are_read(socket_folder: Path) -> None:
    async with station(socket_folder) as served, raw(socket_folder) as friend:
        friend.write(frame(HEADERS, 1, 1, BLOCK[:1]))
        for byte in BLOCK[1:-1]:
            friend.write(frame(CONTINUATION, 0, 1, bytes((byte,))))
        friend.write(frame(CONTINUATION, 4, 1, BLOCK[-1:]))

        assert (await served.stream()).number == 1


async def test_headers_over_the_bound(socket_folder: Path) -> None:
    long = b"\x00\x01x\x7f\x81\x01" + b"y" * 256  # a literal of 256 bytes
    async with (
        station(socket_folder, Bounds(header_list_bytes=64 * 1024)) as served,
        raw(socket_folder) as enemy,
    ):
        enemy.write(frame(HEADERS, 0, 1, BLOCK))
        for _ in range(8):
            enemy.write(frame(CONTINUATION, 0, 1, long * 60))

        assert await enemy.goodbye() is ErrorCode.ENHANCE_YOUR_CALM
        assert await answers(socket_folder, served)


async def test_more_streams_than_allowed_are_refused(socket_folder: Path) -> None:
    async with station(socket_folder, Bounds(streams=3)) as served, raw(socket_folder) as enemy:
        for number in (1, 3, 5, 7):
            enemy.write(frame(HEADERS, 4, number, BLOCK))
        assert [(await served.stream()).number for _ in range(3)] == [1, 3, 5]

        async with asyncio.timeout(10):
            found = b""
            refused = frame(RST_STREAM, 0, 7, ErrorCode.REFUSED_STREAM.to_bytes(4, "big"))
            while refused not in found:
                found += await enemy.reader.read(4096)
        assert served.streams.empty()


async def test_one_that_says_nothing_is_left(socket_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener, "GREETING_SECONDS", 0.05)
    async with station(socket_folder) as served, raw(socket_folder, greet=False) as enemy:
        await enemy.goodbye()

        assert "said nothing" in await served.loss()
        async with peer(socket_folder) as patient:
            await asyncio.sleep(0.15)
            number = patient.engine.send_request(REQUEST)
            patient.flush()
            assert (await served.stream()).number == number


async def test_bytes_may_come_one_by_one(socket_folder: Path) -> None:
    async with station(socket_folder) as served, raw(socket_folder, greet=False) as slow:
        for byte in PREFACE + SETTINGS + frame(HEADERS, 4, 1, BLOCK) + frame(0, 1, 1, b"data"):
            slow.write(bytes((byte,)))
            await asyncio.sleep(0)

        stream = await served.stream()
        await asyncio.wait_for(stream.over.wait(), 10)
        assert stream.received == 4
