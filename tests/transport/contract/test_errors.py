"""How a call that failed is told to its caller."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from pluggable.transport import Code, Handler, ServerStream, Stream, Unary
from tests.transport.contract.bench import Bench, echo, echo_all, failing, soon, status

METHOD = "/test.Errors/Fail"
KINDS = pytest.mark.parametrize("kind", [Unary, Stream])


@KINDS
async def test_status_reaches_the_caller(bench: Bench, kind: type[Handler]) -> None:
    channel = await bench.pair({METHOD: kind(failing(Code.ABORTED, "not now", b"\x00\xff details"))})

    error = await status(channel.unary(METHOD, b""))

    assert (error.code, error.message, error.details) == (Code.ABORTED, "not now", b"\x00\xff details")


async def test_stream_ends_with_the_status(bench: Bench) -> None:
    async def fail_late(stream: ServerStream) -> None:
        await stream.send(b"first")
        await failing(Code.ABORTED, "not now", b"details")()

    channel = await bench.pair({METHOD: Stream(fail_late)})

    async with channel.stream(METHOD) as stream:
        assert await soon(stream.receive()) == b"first"
        error = await status(stream.receive())
    assert (error.code, error.message, error.details) == (Code.ABORTED, "not now", b"details")


async def test_every_code_travels(bench: Bench) -> None:
    codes = [code for code in Code if code is not Code.OK]
    channel = await bench.pair({f"/test.Errors/{code.name}": Unary(failing(code)) for code in codes})

    errors = [await status(channel.unary(f"/test.Errors/{code.name}", b"")) for code in codes]

    assert [(error.code, error.message, error.details) for error in errors] == [
        (code, "", b"") for code in codes
    ]


@pytest.mark.parametrize("text", ["Straße ✓\nline 2 100%", "long" * 6000], ids=["odd", "long"])
async def test_text_arrives_whole(bench: Bench, text: str) -> None:
    channel = await bench.pair({METHOD: Unary(failing(Code.INTERNAL, text))})

    assert (await status(channel.unary(METHOD, b""))).message == text


@KINDS
async def test_text_may_end_in_spaces(bench: Bench, kind: type[Handler]) -> None:
    channel = await bench.pair({METHOD: kind(failing(Code.INTERNAL, " see below: "))})

    error = await status(channel.unary(METHOD, b""))

    assert error.code is Code.INTERNAL
    # grpcio's core sends spaces as they are, which HTTP/2 does not have there: so they are left out
    assert error.message == ("see below:" if bench.server_is_grpcio else " see below: ")


@pytest.mark.parametrize(
    ("char", "size"),
    [("x", 65_536), ("%", 21_845), ("é", 10_922)],
    ids=["as it is", "escaped", "several bytes"],
)
async def test_text_that_is_too_long_is_cut(bench: Bench, char: str, size: int) -> None:
    long = failing(Code.INTERNAL, char * 200_000, b"x" * 49_153)
    channel = await bench.pair({METHOD: Unary(long), "/test.Errors/Echo": Unary(echo)})

    error = await status(channel.unary(METHOD, b""))

    length, chars = len(error.message), set(error.message)
    assert error.code is Code.INTERNAL
    assert size - 2 <= length <= size
    assert chars == {char}
    assert error.details == b""
    assert await soon(channel.unary("/test.Errors/Echo", b"still here")) == b"still here"


@KINDS
async def test_exception_stays_at_home(
    bench: Bench, kind: type[Handler], caplog: pytest.LogCaptureFixture
) -> None:
    async def stumble(*_: object) -> Any:
        raise ValueError("password is hunter2")

    channel = await bench.pair({METHOD: kind(stumble)})

    error = await status(channel.unary(METHOD, b""))

    assert error.code is Code.UNKNOWN
    assert METHOD in error.message
    assert "hunter2" not in error.message
    [record] = [record for record in caplog.records if record.name.startswith(("pluggable", "grpc"))]
    assert record.levelno == logging.ERROR
    assert METHOD in record.getMessage()
    assert record.exc_info
    assert isinstance(record.exc_info[1], ValueError)


async def test_server_outlives_an_exception(bench: Bench) -> None:
    async def stumble(*_: object) -> Any:
        raise ValueError

    channel = await bench.pair({METHOD: Unary(stumble), "/test.Errors/Echo": Unary(echo)})
    await status(channel.unary(METHOD, b""))

    assert await soon(channel.unary("/test.Errors/Echo", b"still here")) == b"still here"


@KINDS
async def test_handler_may_give_up(bench: Bench, kind: type[Handler]) -> None:
    async def give_up(*_: object) -> Any:
        raise asyncio.CancelledError

    channel = await bench.pair({METHOD: kind(give_up)})

    assert (await status(channel.unary(METHOD, b""))).code is Code.CANCELLED


async def test_unknown_method_is_named(bench: Bench) -> None:
    channel = await bench.pair({METHOD: Unary(echo)})

    error = await status(channel.unary("/test.Errors/Nowhere", b""))
    async with channel.stream("/test.Errors/Nowhere") as stream:
        streamed = await status(stream.receive())

    assert error.code is streamed.code is Code.UNIMPLEMENTED
    assert error.message == streamed.message == "unknown method Nowhere for service test.Errors"


async def test_unknown_method_has_a_handler(bench: Bench) -> None:
    async def proxy(stream: ServerStream) -> None:
        await stream.send(f"{stream.method} {stream.metadata['for']!s}".encode())
        await echo_all(stream)

    channel = await bench.pair({METHOD: Unary(echo)}, unknown=proxy)

    async with channel.stream("/any.Thing/Do", metadata=[("for", "me")]) as stream:
        await soon(stream.send(b"request"))
        await soon(stream.half_close())
        assert await soon(stream.receive()) == b"/any.Thing/Do me"
        assert await soon(stream.receive()) == b"request"
        assert await soon(stream.receive()) is None
    assert await soon(channel.unary(METHOD, b"known")) == b"known"


async def test_unknown_handler_answers_unary(bench: Bench) -> None:
    channel = await bench.pair({}, unknown=echo_all)

    assert await soon(channel.unary("/any.Thing/Do", b"request")) == b"request"
