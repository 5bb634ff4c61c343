"""One message, one answer."""

from __future__ import annotations

import asyncio

import pytest

from pluggable.transport import Unary
from tests.transport.contract.bench import Bench, echo, soon


@pytest.mark.parametrize("size", [0, 1, 100_000, 6 * 1024 * 1024], ids="{} bytes".format)
async def test_answer_reaches_its_caller(bench: Bench, size: int) -> None:
    channel = await bench.pair({"/test.Echo/Say": Unary(echo)})

    assert await soon(channel.unary("/test.Echo/Say", b"x" * size)) == b"x" * size


async def test_slow_call_holds_nobody_up(bench: Bench) -> None:
    together = asyncio.Barrier(100)

    async def meet(message: bytes, _call: object) -> bytes:
        await together.wait()
        return message

    channel = await bench.pair({"/test.Echo/Meet": Unary(meet)})

    answers = await soon(asyncio.gather(*(channel.unary("/test.Echo/Meet", b"%d" % n) for n in range(100))))
    assert answers == [b"%d" % n for n in range(100)]


async def test_methods_are_told_apart(bench: Bench) -> None:
    async def shout(message: bytes, _call: object) -> bytes:
        return message.upper()

    channel = await bench.pair({"/test.Echo/Say": Unary(echo), "/test.Echo/Shout": Unary(shout)})

    assert await soon(channel.unary("/test.Echo/Say", b"a")) == b"a"
    assert await soon(channel.unary("/test.Echo/Shout", b"a")) == b"A"
