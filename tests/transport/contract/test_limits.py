"""Messages that are too large for one of the two ends."""

from __future__ import annotations

import pytest

from pluggable.transport import Channel, Code, Handlers, Limits, ServerStream, StatusError, Stream, Unary
from tests.transport.contract.bench import Bench, echo, echo_all, soon, status

UNARY, STREAM = "/test.Limits/Unary", "/test.Limits/Stream"
HANDLERS: Handlers = {UNARY: Unary(echo), STREAM: Stream(echo_all)}
FITS, TOO_MUCH = b"x" * 1000, b"x" * 1001
BOUND = Limits(receive_bytes=1000)
SENDS = Limits(send_bytes=1000)


async def streamed(channel: Channel, message: bytes) -> bytes | None:
    async with channel.stream(STREAM) as stream:
        await stream.send(message)
        return await stream.receive()


@pytest.mark.parametrize(("here", "there"), [(BOUND, None), (SENDS, None), (None, BOUND), (None, SENDS)])
async def test_bound_holds(bench: Bench, here: Limits | None, there: Limits | None) -> None:
    _, address = await bench.serve(HANDLERS, limits=there)
    channel = await bench.channel(address, limits=here)

    assert await soon(channel.unary(UNARY, FITS)) == FITS
    assert await soon(streamed(channel, FITS)) == FITS
    for call in (channel.unary(UNARY, TOO_MUCH), streamed(channel, TOO_MUCH)):
        error = await status(call)
        assert error.code is Code.RESOURCE_EXHAUSTED
        assert "1001" in error.message
        assert "1000" in error.message


async def test_channel_outlives_a_large_message(bench: Bench) -> None:
    channel = await bench.pair(HANDLERS, limits=BOUND)

    await status(channel.unary(UNARY, TOO_MUCH))

    assert await soon(channel.unary(UNARY, FITS)) == FITS


async def test_handler_may_send_a_smaller_one(bench: Bench) -> None:
    async def try_again(stream: ServerStream) -> None:
        try:
            await stream.send(TOO_MUCH)
        except StatusError as error:
            await stream.send(error.code.name.encode())

    channel = await bench.pair({STREAM: Stream(try_again)}, limits=SENDS)

    async with channel.stream(STREAM) as stream:
        assert await soon(stream.receive()) == b"RESOURCE_EXHAUSTED"


@pytest.mark.parametrize("size", [5 * 1024 * 1024, 20 * 1024 * 1024])
async def test_none_is_no_bound(bench: Bench, size: int) -> None:
    channel = await bench.pair(HANDLERS)

    assert await soon(channel.unary(UNARY, b"x" * size)) == b"x" * size
    assert await soon(streamed(channel, b"x" * size)) == b"x" * size
