"""Signs of life: who is dead is noticed, who is only silent is left in peace."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from ngh2 import Configuration, Connection, PingReceived, RequestReceived, Role

from pluggable.transport import ChannelState, Code, Limits
from pluggable.transport.h2 import Bounds
from pluggable.transport.ngh2 import Ngh2Channel
from tests.transport.contract.bench import GUARD_SECONDS, soon, status
from tests.transport.h2.peers import REQUEST, Station, frame, peer, raw, station

HASTY = Bounds(silence_seconds=0.1, answer_seconds=0.2)
METHOD = "/test.Keepalive/Call"
PING = 6


async def test_silent_peer_with_streams_is_asked(socket_folder: Path) -> None:
    async with station(socket_folder, HASTY) as served, peer(socket_folder) as joined:
        joined.engine.send_request(REQUEST)
        joined.flush()
        stream = await served.stream()

        for _ in range(4):  # each was answered, or there would be no next one
            await joined.event(PingReceived)
        assert not stream.closed


async def test_peer_without_streams_is_left_in_peace(socket_folder: Path) -> None:
    async with station(socket_folder, HASTY) as served, raw(socket_folder) as joined:
        connection = await asyncio.wait_for(served.connected.get(), GUARD_SECONDS)
        await asyncio.sleep(0.5)
        connection.close("the test is over")

        assert frame(PING, 0, 0, bytes(8)) not in await joined.rest()


async def test_dead_caller_is_given_up(socket_folder: Path) -> None:
    async with station(socket_folder, HASTY) as served, raw(socket_folder) as dead:
        dead.write(frame(1, 4, 1, b"\x83\x86\x84\x41\x01t"))
        stream = await served.stream()

        await asyncio.wait_for(stream.over.wait(), GUARD_SECONDS)
        assert stream.closing == (None, "it gave no sign of life for 0.2 s")


async def test_caller_that_reads_nothing_is_given_up(socket_folder: Path) -> None:
    async with station(socket_folder, HASTY) as served, raw(socket_folder) as dead:
        dead.write(frame(1, 4, 1, b"\x83\x86\x84\x41\x01t"))
        dead.write(frame(8, 0, 0, b"\x7f\x00\x00\x00") + frame(8, 0, 1, b"\x7f\x00\x00\x00"))
        dead.writer.transport.pause_reading()  # type: ignore[attr-defined]  # it can read as well
        stream = await served.stream()
        stream.respond([(b":status", b"200")])
        stream.write(b"x" * 8 * 1024 * 1024)

        await asyncio.wait_for(stream.over.wait(), GUARD_SECONDS)
        assert stream.closing == (None, "it gave no sign of life for 0.2 s")


@pytest.mark.slow
async def test_own_delay_is_not_the_peers(socket_folder: Path) -> None:
    async with station(socket_folder, HASTY) as served, peer(socket_folder) as joined:
        joined.engine.send_request(REQUEST)
        joined.flush()
        stream = await served.stream()

        await joined.event(PingReceived)
        time.sleep(1.5)  # noqa: ASYNC251  what holds up the loop, as a suspended machine does
        await joined.event(PingReceived)
        assert not stream.closed


async def test_kernel_watches_the_host() -> None:
    served = Station(HASTY)
    address = await served.listener.listen("127.0.0.1:0")
    served.listener.start()
    async with Ngh2Channel(address, limits=Limits()) as caller:
        await caller.connect(GUARD_SECONDS)
        theirs = served.connected.get_nowait().transport.get_extra_info("socket")
        connection = caller._link.connection
        assert connection is not None
        ours = connection.transport.get_extra_info("socket")

        for end, seconds in ((theirs, 1), (ours, 30)):
            assert end.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            assert end.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == seconds
    await served.listener.close("the test is over")


class Counting:
    """A server that takes requests, answers none, and counts the PINGs that it is sent."""

    def __init__(self) -> None:
        self.pings = 0
        self.requests = 0
        self.news = asyncio.Event()

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        engine = Connection(Role.SERVER, Configuration())
        engine.initiate_connection({})
        while True:
            writer.write(engine.data_to_send())
            if not (data := await reader.read(65536)):
                break
            engine.receive_data(data)
            for event in engine.events():
                self.pings += isinstance(event, PingReceived)
                self.requests += isinstance(event, RequestReceived)
            self.news.set()
        writer.close()

    async def has(self, *, pings: int, requests: int) -> None:
        async with asyncio.timeout(GUARD_SECONDS):
            while (self.pings, self.requests) != (pings, requests):
                self.news.clear()
                await self.news.wait()


@asynccontextmanager
async def counting(folder: Path) -> AsyncIterator[Counting]:
    counts = Counting()
    async with await asyncio.start_unix_server(counts.meet, f"{folder}/s"):
        yield counts


async def test_server_is_not_asked_more_often_than_it_allows(socket_folder: Path) -> None:
    async with (
        counting(socket_folder) as counts,
        Ngh2Channel(f"unix:{socket_folder}/s", limits=Limits(), bounds=HASTY) as caller,
    ):
        calls = [asyncio.create_task(status(caller.unary(METHOD, b"")))]
        await counts.has(pings=1, requests=1)
        await asyncio.sleep(0.5)
        assert counts.pings == 1  # it has answered

        calls += [asyncio.create_task(status(caller.unary(METHOD, b""))) for _ in range(2)]
        await counts.has(pings=2, requests=3)  # a new call is a new question, once
        calls.append(asyncio.create_task(status(caller.unary(METHOD, b""))))
        await asyncio.sleep(0.5)
        assert counts.pings == 2
        assert caller.state is ChannelState.UP

        await caller.close()
        assert {error.code for error in await soon(asyncio.gather(*calls))} == {Code.CANCELLED}
