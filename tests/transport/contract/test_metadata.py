"""What travels beside the messages."""

from __future__ import annotations

import asyncio

import pytest

from pluggable.transport import Code, Pairs, ServerCall, ServerStream, StatusError, Stream, Unary
from tests.transport.contract.bench import Bench, echo, echo_all, soon, status

METHOD = "/test.Metadata/Show"
SENT: Pairs = [("text", "plain, with spaces"), ("data-bin", b"\x00\xff, any bytes"), ("empty", "")]


async def test_handler_sees_the_caller_s(bench: Bench) -> None:
    async def show(_message: bytes, call: ServerCall) -> bytes:
        return repr([call.method, *(call.metadata.get(name) for name, _ in SENT)]).encode()

    channel = await bench.pair({METHOD: Unary(show)})

    shown = await soon(channel.unary(METHOD, b"", metadata=SENT))

    assert shown.decode() == repr([METHOD, *(value for _, value in SENT)])


async def test_last_of_a_name_counts(bench: Bench) -> None:
    async def show(_message: bytes, call: ServerCall) -> bytes:
        return str(call.metadata["name"]).encode()

    channel = await bench.pair({METHOD: Unary(show)})

    assert await soon(channel.unary(METHOD, b"", metadata=[("name", "first"), ("name", "last")])) == b"last"


async def test_headers_come_before_messages(bench: Bench) -> None:
    async def greet(stream: ServerStream) -> None:
        await stream.send_headers(SENT)
        await echo_all(stream)

    channel = await bench.pair({METHOD: Stream(greet)})

    async with channel.stream(METHOD) as stream:
        assert set(SENT) <= set(await soon(stream.headers()))
        await soon(stream.send(b"message"))
        assert await soon(stream.receive()) == b"message"


async def test_trailers_come_after_messages(bench: Bench) -> None:
    async def leave(stream: ServerStream) -> None:
        await stream.send(b"message")
        stream.set_trailers(SENT)

    channel = await bench.pair({METHOD: Stream(leave)})

    async with channel.stream(METHOD) as stream:
        assert await soon(stream.receive()) == b"message"
        assert await soon(stream.receive()) is None
        assert set(SENT) <= set(await soon(stream.trailers()))


async def test_trailers_come_beside_an_error(bench: Bench) -> None:
    async def fail(stream: ServerStream) -> None:
        stream.set_trailers(SENT)
        raise StatusError(Code.ABORTED, "stop", b"details")

    channel = await bench.pair({METHOD: Stream(fail)})

    async with channel.stream(METHOD) as stream:
        error = await status(stream.receive())
        assert set(SENT) <= set(await soon(stream.trailers()))
    assert error.details == b"details"


async def test_none_is_none(bench: Bench) -> None:
    channel = await bench.pair({METHOD: Stream(echo_all)})

    async with channel.stream(METHOD) as stream:
        await soon(stream.half_close())
        await soon(stream.receive())
        assert not await soon(stream.headers())
        assert not await soon(stream.trailers())


async def test_headers_of_a_cancelled_call(bench: Bench) -> None:
    async def greet(stream: ServerStream) -> None:
        await stream.receive()
        await asyncio.Event().wait()  # an answer could overtake the cancellation

    channel = await bench.pair({METHOD: Stream(greet)})

    async with channel.stream(METHOD) as stream:
        headers = bench.begin(status(stream.headers()))
        await soon(stream.half_close())
        stream.cancel("enough")
        assert (await soon(headers)).message == "enough"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("a name", "text"),
        ("Name", "text"),
        ("name", "é"),
        ("name", b""),
        ("name-bin", "text"),
        ("name", " text"),
        ("name", "text "),
    ],
)
async def test_unfit_metadata_is_named(bench: Bench, name: str, value: str | bytes) -> None:
    async def greet(_message: bytes, call: ServerCall) -> bytes:
        await call.send_headers([(name, value)])
        return b""

    channel = await bench.pair({METHOD: Unary(greet), "/test.Metadata/Echo": Unary(echo)})

    ours = await status(channel.unary("/test.Metadata/Echo", b"", metadata=[(name, value)]))
    theirs = await status(channel.unary(METHOD, b""))
    async with channel.stream("/test.Metadata/Echo", metadata=[(name, value)]) as stream:
        streamed = await status(stream.receive())
        assert (await status(stream.send(b""))).message == streamed.message

    assert ours.code is theirs.code is streamed.code is Code.INTERNAL
    assert repr(name) in ours.message
    assert ours.message == theirs.message == streamed.message
