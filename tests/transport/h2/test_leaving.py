"""How a server takes leave of its peers, and what it leaves behind."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import ngh2
import pytest
from ngh2 import ErrorCode, GoAwayReceived, ResponseReceived

from pluggable.transport.h2 import Bounds, Listener
from tests.transport.h2.peers import REQUEST, RESPONSE, Station, peer, station

UNKNOWN = 2**31 - 1


async def test_leaving_lets_streams_end(socket_folder: Path) -> None:
    async with station(socket_folder) as served, peer(socket_folder) as joined:
        number = joined.engine.send_request(REQUEST, end_stream=True)
        joined.flush()
        stream = await served.stream()

        stream.connection.leave(5)
        assert (await joined.event(GoAwayReceived)).last_stream_id == UNKNOWN
        assert (await joined.event(GoAwayReceived)).last_stream_id == number
        assert not joined.engine.can_send_request
        stream.respond(RESPONSE, last=True)
        assert (await joined.event(ResponseReceived)).stream_id == number

        while await joined.read():
            pass
        assert await served.loss()


async def test_streams_under_way_to_who_leaves_are_taken(socket_folder: Path) -> None:
    async with station(socket_folder) as served, peer(socket_folder) as joined:
        joined.flush()
        connection = await served.connected.get()
        connection.leave(5)

        number = joined.engine.send_request(REQUEST, end_stream=True)
        joined.flush()  # it has not heard the news

        assert (await served.stream()).number == number


async def test_peer_that_never_answers_is_left_all_the_same(socket_folder: Path) -> None:
    async with station(socket_folder) as served, peer(socket_folder) as joined:
        joined.engine.send_request(REQUEST, end_stream=True)
        joined.flush()
        stream = await served.stream()

        stream.connection.leave(0.05)
        await asyncio.sleep(0.1)

        assert (await joined.event(GoAwayReceived)).last_stream_id == UNKNOWN
        assert (await joined.event(GoAwayReceived)).last_stream_id == 1


async def test_idle_connection_closes_when_left(socket_folder: Path) -> None:
    async with station(socket_folder) as served, peer(socket_folder) as joined:
        joined.flush()
        connection = await served.connected.get()
        connection.leave(0.05)

        while await joined.read():
            pass
        assert await served.loss()


async def test_closing_ends_streams(socket_folder: Path) -> None:
    async with station(socket_folder) as served, peer(socket_folder) as joined:
        joined.engine.send_request(REQUEST)
        joined.flush()
        stream = await served.stream()

        await served.listener.close("the test says so")

        assert stream.closing == (None, "the test says so")
        assert (await joined.event(GoAwayReceived)).error_code == ErrorCode.NO_ERROR


async def test_what_is_sent_after_the_end_is_dropped(socket_folder: Path) -> None:
    async with station(socket_folder) as served, peer(socket_folder) as joined:
        number = joined.engine.send_request(REQUEST)
        joined.flush()
        stream = await served.stream()
        joined.engine.reset_stream(number)
        joined.flush()
        await asyncio.wait_for(stream.over.wait(), 10)

        stream.respond(RESPONSE)
        stream.write(b"nobody gets this")
        stream.consumed(0)
        stream.write_trailers([])
        stream.reset()

        assert stream.closing == (ErrorCode.CANCEL, "")


async def test_path_of_another_is_left_alone(socket_folder: Path) -> None:
    async with station(socket_folder) as served:
        os.rename(socket_folder / "s", socket_folder / "moved")
        (socket_folder / "s").write_text("another's")

        await served.listener.close("the test is over")

        assert sorted(os.listdir(socket_folder)) == ["moved", "s"]


async def test_who_connects_at_the_end_is_closed(socket_folder: Path) -> None:
    for _ in range(20):
        async with station(socket_folder):
            _, writer = await asyncio.open_unix_connection(f"{socket_folder}/s")
        writer.close()  # a warning about what was left open would fail this test


async def test_start_without_address_is_a_mistake() -> None:
    with pytest.raises(RuntimeError, match="call listen first"):
        Listener(Bounds(), Station(None)).start()


def test_what_is_known_of_ngh2_is_its_version() -> None:
    # upgraded on purpose: floods, interop and contract have to be green with the new one
    assert ngh2.__version__ == "0.3.0"
