"""Calls that somebody ends before they are done: by cancelling, or by a deadline."""

from __future__ import annotations

import asyncio

import pytest

from pluggable.transport import Code, ServerCall, ServerStream, Stream, Unary
from tests.transport.contract.bench import Bench, Waiting, echo, echo_all, failing, soon, status

METHOD = "/test.Endings/Wait"


async def test_pending_receive_gets_the_reason(bench: Bench) -> None:
    waiting = Waiting()
    channel = await bench.pair({METHOD: Stream(waiting.stream)})

    async with channel.stream(METHOD) as stream:
        receiving = bench.begin(status(stream.receive()))
        await soon(waiting.begun.wait())
        stream.cancel("the subscription is paused")
        error = await soon(receiving)
        again = await status(stream.receive())
        sent = await status(stream.send(b""))

    assert error.code is again.code is sent.code is Code.CANCELLED
    assert error.message == again.message == sent.message == "the subscription is paused"


async def test_handler_is_cancelled(bench: Bench) -> None:
    waiting = Waiting()
    channel = await bench.pair({METHOD: Stream(waiting.stream)})

    async with channel.stream(METHOD) as stream:
        await soon(stream.send(b""))
        await soon(waiting.begun.wait())
        stream.cancel("enough")
        await soon(waiting.cancelled.wait())


async def test_leaving_the_block_cancels(bench: Bench) -> None:
    waiting = Waiting()
    channel = await bench.pair({METHOD: Stream(waiting.stream)})

    async with channel.stream(METHOD) as stream:
        await soon(stream.send(b""))
        await soon(waiting.begun.wait())

    await soon(waiting.cancelled.wait())


async def test_cancellation_is_no_half_close(bench: Bench) -> None:
    begun, ends = asyncio.Event(), asyncio.Queue[str]()

    async def listen(stream: ServerStream) -> None:
        begun.set()
        try:
            while await stream.receive() is not None:
                pass
        except asyncio.CancelledError:
            ends.put_nowait("cancelled")
            raise
        ends.put_nowait("half-closed")

    channel = await bench.pair({METHOD: Stream(listen)})

    for _ in range(200):
        begun.clear()
        async with channel.stream(METHOD) as stream:
            await soon(stream.send(b"message"))
            await soon(begun.wait())
        assert await soon(ends.get()) == "cancelled"


async def test_cancel_before_it_began(bench: Bench) -> None:
    channel = await bench.pair({METHOD: Stream(echo_all)})

    stream = channel.stream(METHOD)
    stream.cancel("never mind")

    assert (await status(stream.receive())).message == "never mind"
    assert (await status(stream.send(b""))).message == "never mind"


async def test_cancel_after_the_end_is_nothing(bench: Bench) -> None:
    channel = await bench.pair({METHOD: Stream(failing(Code.NOT_FOUND, "gone"))})

    async with channel.stream(METHOD) as stream:
        await status(stream.receive())
        stream.cancel("too late")
        assert (await status(stream.receive())).message == "gone"


async def test_cancelled_task_cancels_its_call(bench: Bench) -> None:
    waiting = Waiting()
    channel = await bench.pair({METHOD: Unary(waiting.unary)})

    call = bench.begin(channel.unary(METHOD, b""))
    await soon(waiting.begun.wait())
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await soon(call)

    await soon(waiting.cancelled.wait())


async def test_given_up_send_spares_the_receiver(bench: Bench) -> None:
    waiting = Waiting()
    channel = await bench.pair({METHOD: Stream(waiting.stream)})

    async with channel.stream(METHOD) as stream:

        async def flood() -> None:
            while True:
                await stream.send(b"x" * 64 * 1024)

        receiving, sending = bench.begin(status(stream.receive())), bench.begin(flood())
        await soon(waiting.begun.wait())
        await asyncio.wait({sending}, timeout=0.2)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await soon(sending)
        # the call may go on or be over, but the receiver is not cancelled
        stream.cancel("enough")

        assert (await soon(receiving)).code is Code.CANCELLED


async def test_handler_gives_a_reason(bench: Bench) -> None:
    channel = await bench.pair({METHOD: Stream(failing(Code.CANCELLED, "the broker said so"))})

    async with channel.stream(METHOD) as stream:
        error = await status(stream.receive())

    assert (error.code, error.message) == (Code.CANCELLED, "the broker said so")


async def test_deadline_ends_both_sides(bench: Bench) -> None:
    waiting = Waiting()
    channel = await bench.pair({METHOD: Unary(waiting.unary)})

    error = await status(channel.unary(METHOD, b"", timeout=0.3))

    assert error.code is Code.DEADLINE_EXCEEDED
    await soon(waiting.cancelled.wait())


async def test_deadline_ends_a_stream(bench: Bench) -> None:
    waiting = Waiting()
    channel = await bench.pair({METHOD: Stream(waiting.stream)})

    async with channel.stream(METHOD, timeout=0.3) as stream:
        error = await status(stream.receive())

    assert error.code is Code.DEADLINE_EXCEEDED
    await soon(waiting.cancelled.wait())


async def test_late_peer_is_named(bench: Bench) -> None:
    waiting = Waiting()
    _, address = await bench.serve({METHOD: Unary(waiting.unary)})
    channel = await bench.channel(address)
    await channel.connect(5)

    error = await status(channel.unary(METHOD, b"", timeout=0.3))

    assert error.message == f"{address} did not finish {METHOD} within 0.3 s"


async def test_deadline_of_a_handler_is_its_own(bench: Bench) -> None:
    channel = await bench.pair({METHOD: Unary(failing(Code.DEADLINE_EXCEEDED, "the database is slow"))})

    assert (await status(channel.unary(METHOD, b"", timeout=30))).message == "the database is slow"


async def test_handler_knows_the_time_left(bench: Bench) -> None:
    async def tell(_message: bytes, call: ServerCall) -> bytes:
        return str(call.seconds_left()).encode()

    channel = await bench.pair({METHOD: Unary(tell)})

    assert await soon(channel.unary(METHOD, b"")) == b"None"
    assert 0 < float(await soon(channel.unary(METHOD, b"", timeout=30))) < 31


async def test_next_call_is_unharmed(bench: Bench) -> None:
    waiting = Waiting()
    channel = await bench.pair({METHOD: Unary(waiting.unary), "/test.Endings/Echo": Unary(echo)})

    await status(channel.unary(METHOD, b"", timeout=0.05))

    assert await soon(channel.unary("/test.Endings/Echo", b"well")) == b"well"
