"""Messages that follow each other, in either direction."""

from __future__ import annotations

import asyncio

import pytest

from pluggable.transport import ClientStream, Code, ServerStream, StatusError, Stream
from tests.transport.contract.bench import Bench, Waiting, echo_all, failing, soon, status

METHOD = "/test.Streams/Run"
BIG = b"x" * 64 * 1024
#: 64 MiB: no transport may keep so much for one that does not read.
MANY = 1024
#: A sender that has not come to its end after so long waits for its reader.
STALLED_SECONDS = 0.5


async def rest(stream: ClientStream | ServerStream) -> list[bytes]:
    messages = []
    while (message := await soon(stream.receive())) is not None:
        messages.append(message)
    return messages


async def test_many_requests_have_one_answer(bench: Bench) -> None:
    async def join(stream: ServerStream) -> None:
        await stream.send(b"".join(await rest(stream)))

    channel = await bench.pair({METHOD: Stream(join)})

    async with channel.stream(METHOD) as stream:
        for letter in (b"a", b"b", b"c"):
            await soon(stream.send(letter))
        await soon(stream.half_close())
        assert await rest(stream) == [b"abc"]


async def test_one_request_has_many_answers(bench: Bench) -> None:
    async def split(stream: ServerStream) -> None:
        for byte in await stream.receive() or b"":
            await stream.send(bytes([byte]))

    channel = await bench.pair({METHOD: Stream(split)})

    async with channel.stream(METHOD) as stream:
        await soon(stream.send(b"abc"))
        await soon(stream.half_close())
        assert await rest(stream) == [b"a", b"b", b"c"]


async def test_messages_go_to_and_fro(bench: Bench) -> None:
    channel = await bench.pair({METHOD: Stream(echo_all)})

    async with channel.stream(METHOD) as stream:
        for n in range(50):
            await soon(stream.send(b"%d" % n))
            assert await soon(stream.receive()) == b"%d" % n
        await soon(stream.half_close())
        assert await soon(stream.receive()) is None


async def test_order_is_kept(bench: Bench) -> None:
    channel = await bench.pair({METHOD: Stream(echo_all)})

    async with channel.stream(METHOD) as stream:

        async def send() -> None:
            for n in range(500):
                await stream.send(b"%d" % n)
            await stream.half_close()

        sending = bench.begin(send())
        assert await rest(stream) == [b"%d" % n for n in range(500)]
        await soon(sending)


async def test_no_message_is_fine(bench: Bench) -> None:
    channel = await bench.pair({METHOD: Stream(echo_all)})

    async with channel.stream(METHOD) as stream:
        await soon(stream.half_close())
        assert await soon(stream.receive()) is None
        assert await soon(stream.receive()) is None


async def test_empty_message_is_a_message(bench: Bench) -> None:
    channel = await bench.pair({METHOD: Stream(echo_all)})

    async with channel.stream(METHOD) as stream:
        await soon(stream.send(b""))
        assert await soon(stream.receive()) == b""


async def test_handler_goes_on_after_half_close(bench: Bench) -> None:
    async def answer_late(stream: ServerStream) -> None:
        assert await rest(stream) == []
        assert await stream.receive() is None
        await stream.send(b"one")
        await stream.send(b"two")

    channel = await bench.pair({METHOD: Stream(answer_late)})

    async with channel.stream(METHOD) as stream:
        await soon(stream.half_close())
        await soon(stream.half_close())
        assert await rest(stream) == [b"one", b"two"]


async def test_caller_waits_for_a_slow_handler(bench: Bench) -> None:
    reads = asyncio.Event()

    async def count(stream: ServerStream) -> None:
        await reads.wait()
        await stream.send(b"%d" % len(await rest(stream)))

    channel = await bench.pair({METHOD: Stream(count)})

    async with channel.stream(METHOD) as stream:

        async def send() -> None:
            for _ in range(MANY):
                await stream.send(BIG)
            await stream.half_close()

        sending = bench.begin(send())
        await asyncio.wait({sending}, timeout=STALLED_SECONDS)
        assert not sending.done()

        reads.set()
        await soon(sending)
        assert await soon(stream.receive()) == b"%d" % MANY


async def test_handler_waits_for_a_slow_caller(bench: Bench) -> None:
    sent = asyncio.Event()

    async def flood(stream: ServerStream) -> None:
        for _ in range(MANY):
            await stream.send(BIG)
        sent.set()

    channel = await bench.pair({METHOD: Stream(flood)})

    async with channel.stream(METHOD) as stream:
        sending = bench.begin(sent.wait())
        await asyncio.wait({sending}, timeout=STALLED_SECONDS)
        assert not sending.done()

        assert len(await rest(stream)) == MANY
        await soon(sending)


async def test_stalled_stream_holds_nobody_up(bench: Bench) -> None:
    waiting = Waiting()
    channel = await bench.pair({METHOD: Stream(waiting.stream), "/test.Streams/Echo": Stream(echo_all)})

    async with channel.stream(METHOD) as stalled, channel.stream("/test.Streams/Echo") as other:

        async def flood() -> None:
            for _ in range(MANY):
                await stalled.send(BIG)

        bench.begin(flood())
        await soon(waiting.begun.wait())
        for _ in range(20):
            await soon(other.send(BIG))
            assert await soon(other.receive()) == BIG
        stalled.cancel("enough")


@pytest.mark.parametrize("read", [0, 1, 5])
async def test_sender_learns_how_it_ended(bench: Bench, read: int) -> None:
    async def refuse(stream: ServerStream) -> None:
        for _ in range(read):
            await stream.receive()
        raise StatusError(Code.FAILED_PRECONDITION, "not like this")

    channel = await bench.pair({METHOD: Stream(refuse)})

    async with channel.stream(METHOD) as stream:

        async def send() -> None:
            while True:
                await stream.send(b"x" * 1000)

        sent = await status(send())
        received = await status(stream.receive())
    assert sent.code is received.code is Code.FAILED_PRECONDITION
    assert sent.message == received.message == "not like this"


async def test_sender_alone_learns_of_the_end(bench: Bench) -> None:
    async def refuse(stream: ServerStream) -> None:
        await stream.send(b"nobody reads this")
        raise StatusError(Code.FAILED_PRECONDITION, "not like this")

    channel = await bench.pair({METHOD: Stream(refuse)})

    async with channel.stream(METHOD) as stream:

        async def send() -> None:
            while True:
                await stream.send(b"x" * 1000)

        await status(send())
        assert await rest_and_status(stream) == ([b"nobody reads this"], "not like this")


async def rest_and_status(stream: ClientStream) -> tuple[list[bytes], str]:
    messages = []
    try:
        while (message := await soon(stream.receive())) is not None:
            messages.append(message)
    except StatusError as error:
        return messages, error.message
    return messages, "OK"


async def test_nothing_can_be_sent_after_the_end(bench: Bench) -> None:
    async def leave(_stream: ServerStream) -> None:
        pass

    channel = await bench.pair({METHOD: Stream(leave)})

    async with channel.stream(METHOD) as stream:
        assert await soon(stream.receive()) is None
        error = await status(stream.send(b"too late"))
        await soon(stream.half_close())
    assert METHOD in error.message


async def test_failed_call_stays_failed(bench: Bench) -> None:
    channel = await bench.pair({METHOD: Stream(failing(Code.NOT_FOUND, "no such thing"))})

    async with channel.stream(METHOD) as stream:
        first = await status(stream.receive())
        second = await status(stream.receive())
    assert first.message == second.message == "no such thing"


async def test_handler_sends_and_receives_at_once(bench: Bench) -> None:
    async def both(stream: ServerStream) -> None:
        acknowledged = asyncio.Event()

        async def listen() -> None:
            while await stream.receive() is not None:
                acknowledged.set()

        async with asyncio.TaskGroup() as tasks:
            listening = tasks.create_task(listen())
            for n in range(20):
                acknowledged.clear()
                await stream.send(b"%d" % n)
                await acknowledged.wait()
            listening.cancel()  # a wait given up, and the call still ends well

    channel = await bench.pair({METHOD: Stream(both)})

    async with channel.stream(METHOD) as stream:
        for n in range(20):
            assert await soon(stream.receive()) == b"%d" % n
            await soon(stream.send(b"ack"))
        assert await soon(stream.receive()) is None
