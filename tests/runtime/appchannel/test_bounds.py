"""What an application can do wrong with a message: each time that is told, and nothing counts as handled."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from pluggable import bindings
from pluggable.runtime.appchannel import (
    AppAnswerError,
    AppChannel,
    AppUnreachableError,
    Verdict,
    app_channel,
)
from pluggable.runtime.config import RuntimeConfig
from tests.runtime.appchannel.apps import message
from tests.runtime.appchannel.servers import Script, Scripted, application, read_request


def to_port(port: int, **settings: Any) -> AbstractAsyncContextManager[AppChannel]:
    values: dict[str, Any] = {"app_id": "a", "app_port": port} | settings
    return app_channel(RuntimeConfig(**values))


@asynccontextmanager
async def to(script: Script, **settings: int) -> AsyncIterator[AppChannel]:
    async with Scripted(script).running() as server, to_port(server.port, **settings) as channel:
        yield channel


async def test_app_that_dies_with_a_message_has_not_handled_it() -> None:
    async def dying(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: int) -> None:
        await read_request(reader)
        writer.transport.abort()

    async with to(dying) as channel:
        with pytest.raises(AppUnreachableError, match=r"POST /r: the application .* closed the connection"):
            await channel.deliver("/r", message())
        with pytest.raises(AppUnreachableError, match=r"POST /b: the application .* closed the connection"):
            await channel.binding_event("b", "/b", bindings.Event())


async def test_app_that_dies_within_its_answer_has_not_handled_the_message() -> None:
    async def dying(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: int) -> None:
        await read_request(reader)
        writer.write(b'HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{"status":')
        await writer.drain()

    async with to(dying) as channel:
        with pytest.raises(AppUnreachableError, match="within its answer"):
            await channel.deliver("/r", message())


async def test_answer_that_is_too_large_is_none_and_is_not_read_on() -> None:
    sent = 0

    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: int) -> None:
        nonlocal sent
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x" * 10_000)
            await writer.drain()
            sent += 10_000

    async with to(endless, max_body_bytes=100_000) as channel:
        with pytest.raises(AppAnswerError, match="longer than 100000 bytes"):
            await channel.deliver("/r", message())
        with pytest.raises(AppAnswerError, match="longer than 100000 bytes"):
            await channel.binding_event("b", "/b", bindings.Event())

    assert sent < 50_000_000


async def test_who_gives_up_an_app_that_never_answers_leaves_no_connection_and_no_turn() -> None:
    arrived, gone = asyncio.Semaphore(0), asyncio.Semaphore(0)

    async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter, _: int) -> None:
        await read_request(reader)
        arrived.release()
        await reader.read()
        gone.release()

    async with to(silent, app_max_concurrency=2) as channel, asyncio.timeout(10):
        for _ in range(3):
            deliveries = [asyncio.create_task(channel.deliver("/r", message())) for _ in range(4)]
            for _ in range(2):
                await arrived.acquire()
            assert arrived.locked()
            for delivery in reversed(deliveries):  # first those that wait for their turn
                delivery.cancel()
            await asyncio.gather(*deliveries, return_exceptions=True)
            for _ in range(2):
                await gone.acquire()


async def test_probe_needs_no_turn() -> None:
    arrived, release = asyncio.Event(), asyncio.Event()

    async def handle(request: web.Request) -> web.Response:
        if request.path == "/r":
            arrived.set()
            await release.wait()
        return web.Response()

    async with application(handle) as port, to_port(port, app_max_concurrency=1) as channel:
        delivery = asyncio.create_task(channel.deliver("/r", message()))
        await arrived.wait()

        assert await channel.healthy()
        release.set()
        assert (await delivery).verdict is Verdict.SUCCESS
