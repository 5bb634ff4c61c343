"""Both APIs on real sockets, over components in the test's process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import pytest

from pluggable import transport
from pluggable.runtime import blocks
from pluggable.runtime.api import grpc, http
from pluggable.runtime.appchannel import AppChannel
from pluggable.runtime.config import RuntimeConfig
from pluggable.runtime.resources import Configuration, Subscription
from pluggable.runtime.telemetry import Telemetry
from tests.runtime.blocks.inmemory import Components


@dataclass(frozen=True, slots=True)
class Answer:
    """What an HTTP server answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes


async def read_answer(reader: asyncio.StreamReader, method: str = "GET") -> Answer:
    """Read one response off a connection."""
    async with asyncio.timeout(5):
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[:-2]
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        length = 0 if method == "HEAD" else int(headers.get("content-length", "0"))
        return Answer(int(first.split()[1]), headers, await reader.readexactly(length))


@dataclass(slots=True)
class Sidecar:
    """The APIs of a sidecar, and where they answer."""

    components: Components
    config: RuntimeConfig
    blocks: blocks.Blocks
    telemetry: Telemetry
    server: http.HTTPServer
    http_port: int = 0
    grpc_port: int = 0
    shutdowns: list[bool] = field(default_factory=list)
    stopped: asyncio.Event = field(default_factory=asyncio.Event)

    def shutdown(self, force: bool) -> None:
        self.shutdowns.append(force)
        self.stopped.set()

    async def call(
        self, method: str, path: str, body: bytes | str = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Make one request on a connection of its own."""
        data = body.encode() if isinstance(body, str) else body
        told = {"Host": "x", "Content-Length": str(len(data)), "Connection": "close", **(headers or {})}
        head = "".join(f"{name}: {value}\r\n" for name, value in told.items())
        return await self.raw(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + data, method)

    async def raw(self, data: bytes, method: str = "GET") -> Answer:
        """Send bytes and read one response."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.http_port)
        try:
            writer.write(data)
            return await read_answer(reader, method)
        finally:
            writer.close()
            await writer.wait_closed()


class Sidecars:
    """Opens sidecars for a test and closes them after it."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack

    async def open(
        self,
        components: Components | None = None,
        *,
        configuration: Configuration | None = None,
        subscriptions: list[Subscription] | None = None,
        config: RuntimeConfig | None = None,
        channel: AppChannel | None = None,
        ready: bool = True,
    ) -> Sidecar:
        """Open one on free ports."""
        components = components or Components()
        config = config or RuntimeConfig(app_id="app")
        made = blocks.build(
            components.catalog,
            config,
            configuration=configuration,
            subscriptions=lambda: subscriptions or [],
            channel=channel,
        )
        self._stack.push_async_callback(made.configuration.close)
        telemetry = Telemetry("app", error_codes=True)
        sidecar: Sidecar

        def shutdown(force: bool) -> None:
            sidecar.shutdown(force)

        server = http.server(http.routes(made, config, telemetry, shutdown=shutdown), config)
        sidecar = Sidecar(components, config, made, telemetry, server)
        if ready:
            made.health.outbound.open()
            made.health.inbound.open()
        await self._stack.enter_async_context(server)
        _, sidecar.http_port = await server.listen("127.0.0.1", 0)
        rpc = await self._stack.enter_async_context(
            transport.server(
                grpc.handlers(made, config, telemetry, shutdown=shutdown),
                unknown=grpc.unknown(config, made.invocation),
            )
        )
        sidecar.grpc_port = int((await rpc.listen("127.0.0.1:0")).rpartition(":")[2])
        await rpc.start()
        return sidecar


@pytest.fixture
async def sidecars() -> AsyncIterator[Sidecars]:
    async with AsyncExitStack() as stack:
        yield Sidecars(stack)


@pytest.fixture
async def sidecar(sidecars: Sidecars) -> Sidecar:
    return await sidecars.open()
