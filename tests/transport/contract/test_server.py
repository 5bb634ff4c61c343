"""Addresses, peers, and how a server leaves."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path

import pytest

from pluggable.transport import Channel, Code, ServerCall, ServerStream, Stream, Unary
from tests.transport.contract.bench import Bench, Waiting, echo, soon, status

ECHO, WAIT = "/test.Server/Echo", "/test.Server/Wait"
HANDLERS = {ECHO: Unary(echo)}


async def test_address_is_the_real_one(bench: Bench) -> None:
    server = await bench.server(HANDLERS)

    address = await server.listen(bench.free_address())

    if bench.unix:
        assert address == bench.free_address()
        assert os.listdir(bench.folder) == ["s.sock"]
    else:
        assert re.fullmatch(r"127\.0\.0\.1:[1-9]\d+", address)


async def test_server_has_many_addresses(bench: Bench) -> None:
    server = await bench.server(HANDLERS)
    addresses = [
        await server.listen(bench.free_address()),
        await server.listen(f"unix:{bench.folder}/second"),
    ]
    await server.start()

    for address in addresses:
        assert await soon((await bench.channel(address)).unary(ECHO, b"here")) == b"here"
    assert server.connections == 2


async def test_call_waits_for_the_start(bench: Bench) -> None:
    server = await bench.server(HANDLERS)
    channel = await bench.channel(await server.listen(bench.free_address()))

    call = bench.begin(channel.unary(ECHO, b"patience"))
    await server.start()

    assert await soon(call) == b"patience"


async def test_taken_address_is_refused(bench: Bench) -> None:
    _, address = await bench.serve(HANDLERS)
    other = await bench.server(HANDLERS)

    with pytest.raises(OSError, match=re.escape(f"cannot listen on {address}: ")):
        await other.listen(address)

    assert await soon((await bench.channel(address)).unary(ECHO, b"unharmed")) == b"unharmed"


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("unix:{folder}/none/s.sock", "No such file or directory"),
        ("unix:{folder}/" + "x" * 120, "too long"),
        ("unix:relative.sock", 'neither "unix:/absolute/path" nor "host:port"'),
        ("nowhere", 'neither "unix:/absolute/path" nor "host:port"'),
        ("127.0.0.1:99999", 'neither "unix:/absolute/path" nor "host:port"'),
        ("203.0.113.1:0", "assign requested address"),
    ],
)
async def test_unusable_address_is_explained(bench: Bench, address: str, reason: str) -> None:
    server = await bench.server(HANDLERS)
    address = address.format(folder=bench.folder)

    with pytest.raises(OSError, match=re.escape(f"cannot listen on {address}: ")) as caught:
        await server.listen(address)
    assert reason in str(caught.value)


@pytest.mark.parametrize("start", [True, False], ids=["started", "never started"])
async def test_closed_address_is_free(bench: Bench, start: bool) -> None:
    server = await bench.server(HANDLERS)
    address = await server.listen(bench.free_address())
    if start:
        await server.start()
    await server.close()

    if bench.unix:
        assert os.listdir(bench.folder) == []
    again = await bench.server(HANDLERS)
    assert await again.listen(address) == address


async def test_handler_knows_its_peer(bench: Bench) -> None:
    async def tell(_message: bytes, call: ServerCall) -> bytes:
        return call.peer.encode()

    channel = await bench.pair({ECHO: Unary(tell)})

    peer = (await soon(channel.unary(ECHO, b""))).decode()
    if bench.unix:
        assert peer in ("unix:", f"unix:{os.getpid()}")
    else:
        assert re.fullmatch(r"ipv4:127\.0\.0\.1:\d+", peer)


async def test_connections_are_counted(bench: Bench) -> None:
    server, address = await bench.serve(HANDLERS)
    other, _ = await bench.server(HANDLERS), await bench.channel(address)
    assert server.connections == 0

    channel = await bench.channel(address)
    await soon(channel.unary(ECHO, b""))

    assert server.connections == 1
    assert other.connections == 0
    await channel.close()
    await soon(server.drain(60))
    assert server.connections == 0


def move_away(address: str) -> None:
    path = Path(address.removeprefix("unix:"))
    path.rename(path.with_name("moved"))


async def test_draining_serves_who_is_connected(bench: Bench) -> None:
    server, address = await bench.serve(HANDLERS)
    channel = await bench.channel(address)
    await channel.connect(5)
    if bench.unix:
        move_away(address)

    draining = bench.begin(server.drain(60))
    for _ in range(3):
        assert await soon(channel.unary(ECHO, b"more")) == b"more"
        assert not draining.done()
    await channel.close()

    await soon(draining)


async def test_moved_socket_takes_no_new_peer(bench: Bench) -> None:
    if not bench.unix:
        pytest.skip("a port cannot be moved")
    server, address = await bench.serve(HANDLERS)
    first = await bench.channel(address)
    await first.connect(5)
    move_away(address)

    error = await status((await bench.channel(address)).unary(ECHO, b""))

    assert error.code is Code.UNAVAILABLE
    assert await soon(first.unary(ECHO, b"known")) == b"known"
    assert server.connections == 1


async def test_draining_ends_in_time(bench: Bench) -> None:
    server, address = await bench.serve(HANDLERS)
    channel = await bench.channel(address)
    await channel.connect(5)

    await soon(server.drain(0.1))

    assert await soon(channel.unary(ECHO, b"still")) == b"still"


async def test_draining_nobody_is_quick(bench: Bench) -> None:
    server, _ = await bench.serve(HANDLERS)

    await soon(server.drain(600))


async def waiting_call(bench: Bench, waiting: Waiting, channel: Channel) -> asyncio.Task[bytes]:
    call = bench.begin(channel.unary(WAIT, b"done"))
    await soon(waiting.begun.wait())
    return call


async def test_grace_lets_calls_end(bench: Bench) -> None:
    waiting = Waiting()
    server, address = await bench.serve({WAIT: Unary(waiting.unary), **HANDLERS})
    channel = await bench.channel(address)
    call = await waiting_call(bench, waiting, channel)

    closing = bench.begin(server.close(60))
    late = await bench.channel(address)
    await soon(refusal(late))
    assert not closing.done()
    waiting.release.set()

    assert await soon(call) == b"done"
    await soon(closing)


async def refusal(channel: Channel) -> None:
    """Call until the server has begun to close and refuses."""

    async def call() -> None:
        while True:
            await channel.unary(ECHO, b"")

    assert (await status(call())).code is Code.UNAVAILABLE


@pytest.mark.parametrize("grace", [0.0, 0.1])
async def test_closing_cuts_what_is_left(bench: Bench, grace: float) -> None:
    waiting = Waiting()
    server, address = await bench.serve({WAIT: Unary(waiting.unary)})
    call = await waiting_call(bench, waiting, await bench.channel(address))

    await soon(server.close(grace))

    assert waiting.cancelled.is_set()
    assert (await status(call)).code is Code.UNAVAILABLE


async def test_closing_waits_for_handlers(bench: Bench) -> None:
    begun, may_end, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def tidy_up(_stream: ServerStream) -> None:
        try:
            begun.set()
            await asyncio.Event().wait()
        finally:
            await may_end.wait()
            ended.set()

    server, address = await bench.serve({WAIT: Stream(tidy_up)})
    channel = await bench.channel(address)
    async with channel.stream(WAIT) as stream:
        await soon(stream.half_close())
        await soon(begun.wait())
        closing = bench.begin(server.close())
        assert (await status(stream.receive())).code is Code.UNAVAILABLE
        assert not closing.done()
        may_end.set()
        await soon(closing)

    assert ended.is_set()
