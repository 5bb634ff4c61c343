"""Who sends more than is read has to wait, and holds up nobody else."""

from __future__ import annotations

import asyncio
from pathlib import Path

from ngh2 import DataReceived, ErrorCode, StreamClosed, StreamReset, TrailersReceived, WindowUpdated

from pluggable.transport.h2 import Bounds
from pluggable.transport.h2.stream import SEND_BUFFER
from tests.transport.h2.peers import REQUEST, RESPONSE, Peer, Taken, peer, station

BOUNDS = Bounds(stream_window=32 * 1024, connection_window=256 * 1024)
MUCH = b"x" * 1024 * 1024


async def full(joined: Peer, stream: Taken, size: int) -> None:
    """Send until the window is used up."""
    joined.flush()
    await stream.has(size)


async def test_stream_receives_its_window_and_no_more(socket_folder: Path) -> None:
    async with station(socket_folder, BOUNDS) as served, peer(socket_folder) as joined:
        number = joined.engine.send_request(REQUEST)
        joined.flush()
        stream = await served.stream()
        await joined.event(WindowUpdated)  # the connection's, with which the settings have come
        joined.engine.send_data(number, MUCH)
        await full(joined, stream, BOUNDS.stream_window)

        await asyncio.sleep(0.1)
        assert stream.received == BOUNDS.stream_window


async def test_only_what_is_consumed_may_be_sent_again(socket_folder: Path) -> None:
    async with station(socket_folder, BOUNDS) as served, peer(socket_folder) as joined:
        number = joined.engine.send_request(REQUEST)
        joined.flush()
        stream = await served.stream()
        await joined.event(WindowUpdated)
        joined.engine.send_data(number, MUCH)
        await full(joined, stream, BOUNDS.stream_window)

        stream.consumed(20_000)
        update = await joined.event(WindowUpdated)
        assert (update.stream_id, update.increment) == (number, 20_000)
        await full(joined, stream, BOUNDS.stream_window + 20_000)
        assert stream.received == BOUNDS.stream_window + 20_000


async def test_unread_streams_hold_up_no_other(socket_folder: Path) -> None:
    async with station(socket_folder, BOUNDS) as served, peer(socket_folder) as joined:
        joined.flush()
        await joined.event(WindowUpdated)
        for _ in range(7):
            number = joined.engine.send_request(REQUEST)
            joined.engine.send_data(number, MUCH)
            joined.flush()
            await full(joined, await served.stream(), BOUNDS.stream_window)

        number = joined.engine.send_request(REQUEST)
        joined.engine.send_data(number, b"through")
        joined.flush()
        await full(joined, await served.stream(), len(b"through"))


async def test_reset_streams_give_their_room_back(socket_folder: Path) -> None:
    async with station(socket_folder, BOUNDS) as served, peer(socket_folder) as joined:
        joined.flush()
        await joined.event(WindowUpdated)
        for _ in range(20):  # more than twice what the connection may hold
            number = joined.engine.send_request(REQUEST)
            joined.engine.send_data(number, b"x" * BOUNDS.stream_window)
            joined.flush()
            stream = await served.stream()
            await full(joined, stream, BOUNDS.stream_window)
            stream.reset(ErrorCode.CANCEL)
            stream.consumed(stream.received)
            while joined.engine.remote_window_size < BOUNDS.stream_window:
                await joined.event(WindowUpdated)


async def test_data_for_streams_that_were_reset_takes_no_room(socket_folder: Path) -> None:
    async with station(socket_folder, BOUNDS) as served, peer(socket_folder) as joined:
        joined.flush()
        await joined.event(WindowUpdated)
        for _ in range(20):
            number = joined.engine.send_request(REQUEST)
            joined.flush()
            (await served.stream()).reset(ErrorCode.CANCEL)
            joined.engine.send_data(number, b"x" * BOUNDS.stream_window)
            joined.flush()  # it has not heard of the reset
            while joined.engine.remote_window_size < BOUNDS.stream_window:
                await joined.event(WindowUpdated)


async def test_sender_waits_for_room(socket_folder: Path) -> None:
    async with station(socket_folder) as served, peer(socket_folder) as joined:
        number = joined.engine.send_request(REQUEST, end_stream=True)
        joined.flush()
        stream = await served.stream()
        stream.respond(RESPONSE)
        stream.write(b"x" * (65535 + SEND_BUFFER + 1))

        waiting = asyncio.create_task(stream.roomy())
        first = await joined.event(DataReceived)
        done, _ = await asyncio.wait({waiting}, timeout=0.1)
        assert not done
        received = len(first.data)
        while received < 65535:
            received += len((await joined.event(DataReceived)).data)
        joined.engine.acknowledge_received_data(65535, number)
        joined.flush()

        await asyncio.wait_for(waiting, 10)
        assert stream.has_room


async def test_sender_is_woken_by_the_end(socket_folder: Path) -> None:
    async with station(socket_folder) as served, peer(socket_folder) as joined:
        number = joined.engine.send_request(REQUEST, end_stream=True)
        joined.flush()
        stream = await served.stream()
        stream.respond(RESPONSE)
        stream.write(MUCH)
        waiting = asyncio.create_task(stream.roomy())
        await joined.event(DataReceived)

        joined.engine.reset_stream(number, ErrorCode.CANCEL)
        joined.flush()

        await asyncio.wait_for(waiting, 10)
        assert stream.closing == (ErrorCode.CANCEL, "")


async def test_socket_that_nobody_reads_stops_the_sender(socket_folder: Path) -> None:
    async with station(socket_folder) as served, peer(socket_folder) as joined:
        joined.engine.update_settings({4: 2**31 - 1})
        joined.engine.set_local_window_size(2**31 - 1)
        joined.engine.send_request(REQUEST, end_stream=True)
        joined.flush()
        stream = await served.stream()
        await joined.event(WindowUpdated)
        stream.respond(RESPONSE)
        for _ in range(64):
            stream.write(MUCH)

        waiting = asyncio.create_task(stream.roomy())
        done, _ = await asyncio.wait({waiting}, timeout=0.2)
        assert not done
        assert stream.connection.transport.get_write_buffer_size() < len(MUCH)
        received = 0
        while received < 64 * len(MUCH):
            received += len((await joined.event(DataReceived)).data)
        await asyncio.wait_for(waiting, 10)


async def test_early_answer_resets_what_is_not_finished(socket_folder: Path) -> None:
    async with station(socket_folder) as served, peer(socket_folder) as joined:
        number = joined.engine.send_request(REQUEST)
        joined.flush()
        stream = await served.stream()
        stream.respond(RESPONSE)
        stream.write(b"x" * 100_000)
        stream.write_trailers([(b"status", b"0")])
        stream.connection.finish(stream)

        received = 0
        while received < 100_000:
            received += (size := len((await joined.event(DataReceived)).data))
            joined.engine.acknowledge_received_data(size, number)
            joined.flush()
        await joined.event(TrailersReceived)
        assert (await joined.event(StreamReset)).error_code == ErrorCode.NO_ERROR
        assert (await joined.event(StreamClosed)).stream_id == number
