"""A channel and the server that it loses and finds again."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from pluggable.transport import Channel, ChannelState, Code, Stream, Unary
from tests.e2e.sidecars import PATIENCE
from tests.transport.contract.bench import Bench, Waiting, echo, soon, status
from tests.transport.contract.process import ECHO, WAIT, WAIT_STREAM

ROOT = Path(__file__).parents[3]


@asynccontextmanager
async def process(transport: str, address: str) -> AsyncIterator[tuple[Process, str]]:
    """Start a server in a process of its own and yield it with its address; it is killed at the end."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.transport.contract.process",
        transport,
        address,
        stdout=PIPE,
        cwd=ROOT,
    )
    try:
        yield child, await line(child)
    finally:
        if child.returncode is None:
            child.kill()
        await soon(child.communicate())
        remove(address)


def remove(address: str) -> None:
    """Do what the owner of a socket does that its server has left behind."""
    if address.startswith("unix:"):
        Path(address.removeprefix("unix:")).unlink(missing_ok=True)


async def line(child: Process) -> str:
    assert child.stdout is not None
    return (await soon(child.stdout.readline())).decode().strip()


async def test_unused_channel_does_not_connect(bench: Bench) -> None:
    server, address = await bench.serve({ECHO: Unary(echo)})
    channel = await bench.channel(address)

    assert channel.state is ChannelState.CONNECTING
    assert server.connections == 0


async def test_state_is_up_when_connected(bench: Bench) -> None:
    channel = await bench.pair({ECHO: Unary(echo)})

    await channel.connect(5)

    assert channel.state is ChannelState.UP
    assert await soon(channel.changed(ChannelState.CONNECTING)) is ChannelState.UP


async def test_two_channels_are_two_connections(bench: Bench) -> None:
    server, address = await bench.serve({ECHO: Unary(echo)})

    for _ in range(2):
        await (await bench.channel(address)).connect(5)

    assert server.connections == 2


async def test_call_on_nothing_fails_at_once(bench: Bench) -> None:
    address = f"unix:{bench.folder}/none.sock" if bench.unix else "127.0.0.1:1"
    channel = await bench.channel(address)

    async with channel.stream(ECHO) as stream:
        streamed = await status(stream.receive())
    error = await status(channel.unary(ECHO, b""))

    assert error.code is streamed.code is Code.UNAVAILABLE
    assert f"cannot connect to {address}" in error.message
    assert f"cannot connect to {address}" in streamed.message
    assert await soon(down(channel)) is ChannelState.DOWN


async def test_connect_gives_up_in_time(bench: Bench) -> None:
    address = f"unix:{bench.folder}/none.sock" if bench.unix else "127.0.0.1:1"
    channel = await bench.channel(address)

    error = await status(channel.connect(0.3))

    assert error.code is Code.UNAVAILABLE
    assert address in error.message
    assert "0.3 s" in error.message


async def test_connect_waits_for_the_server(bench: Bench) -> None:
    server = await bench.server({ECHO: Unary(echo)})
    address = await server.listen(bench.free_address())
    await server.close()
    channel = await bench.channel(address)
    connecting = bench.begin(channel.connect(5))
    await soon(channel.changed(ChannelState.CONNECTING))

    late = await bench.server({ECHO: Unary(echo)})
    await late.listen(address)
    await late.start()
    await soon(connecting)

    assert await soon(channel.unary(ECHO, b"late")) == b"late"


async def test_killed_server_is_missed_and_found(bench: Bench) -> None:
    async with process(bench.transport, bench.free_address()) as (_, address):
        channel = await bench.channel(address)
        await channel.connect(5)
        assert await soon(channel.unary(ECHO, b"one")) == b"one"

    assert await soon(down(channel)) is ChannelState.DOWN
    error = await status(channel.unary(ECHO, b"two"))
    assert error.code is Code.UNAVAILABLE
    assert address in error.message

    async with process(bench.transport, address), asyncio.timeout(2 * PATIENCE):
        assert await channel.changed(ChannelState.DOWN) is ChannelState.UP
        assert await channel.unary(ECHO, b"three") == b"three"


async def test_calls_under_way_die_with_the_server(bench: Bench) -> None:
    async with process(bench.transport, bench.free_address()) as (child, address):
        channel = await bench.channel(address)
        await channel.connect(5)
        calls = [bench.begin(status(channel.unary(WAIT, b""))) for _ in range(3)]
        async with channel.stream(WAIT_STREAM) as stream:
            calls.append(bench.begin(status(stream.receive())))
            await line(child)
            child.kill()

            errors = await soon(asyncio.gather(*calls))
            assert {error.code for error in errors} == {Code.UNAVAILABLE}
            assert (await status(stream.send(b""))).code is Code.UNAVAILABLE


async def test_closed_server_is_missed(bench: Bench) -> None:
    server, address = await bench.serve({ECHO: Unary(echo)})
    channel = await bench.channel(address)
    await channel.connect(5)

    await server.close()

    assert await soon(down(channel)) is ChannelState.DOWN


async def down(channel: Channel) -> ChannelState:
    """Wait for the end of a connection, which a transport may see coming."""
    state = await channel.changed(ChannelState.UP)
    return await channel.changed(state) if state is ChannelState.DRAINING else state


async def test_closing_ends_what_is_under_way(bench: Bench) -> None:
    waiting = Waiting()
    _, address = await bench.serve({WAIT: Unary(waiting.unary), WAIT_STREAM: Stream(waiting.stream)})
    channel = await bench.channel(address)
    stream = channel.stream(WAIT_STREAM)
    await channel.connect(5)
    watching = bench.begin(channel.changed(ChannelState.UP))
    calls = [bench.begin(status(channel.unary(WAIT, b""))), bench.begin(status(stream.receive()))]
    await soon(waiting.begun.wait())

    await soon(channel.close())

    for error in await soon(asyncio.gather(*calls)):
        assert (error.code, error.message) == (Code.CANCELLED, f"the channel to {address} is closed")
    assert channel.state is await soon(watching) is ChannelState.CLOSED
    await soon(waiting.cancelled.wait())


async def test_closed_channel_stays_closed(bench: Bench) -> None:
    _, address = await bench.serve({ECHO: Unary(echo)})
    channel = await bench.channel(address)
    await soon(channel.unary(ECHO, b""))
    await channel.close()
    await channel.close()

    async with channel.stream(ECHO) as stream:
        errors = [
            await status(channel.unary(ECHO, b"")),
            await status(channel.connect(5)),
            await status(stream.receive()),
        ]
    assert {error.code for error in errors} == {Code.CANCELLED}
    assert {error.message for error in errors} == {f"the channel to {address} is closed"}


async def test_path_may_be_odd(bench: Bench) -> None:
    if not bench.unix:
        pytest.skip("a port has no path")
    address = f"unix:{bench.folder}/a b%41#?é.sock"
    server = await bench.server({ECHO: Unary(echo)})

    assert await server.listen(address) == address
    await server.start()

    assert await soon((await bench.channel(address)).unary(ECHO, b"found")) == b"found"
    assert server.connections == 1
