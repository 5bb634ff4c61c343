"""Sidecars in the test's process that find each other by a list, on real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientSession
from yarl import URL

from pluggable.runtime import blocks
from pluggable.runtime.api import grpc, http
from pluggable.runtime.appchannel import AppChannel, app_channel
from pluggable.runtime.blocks.invocation import Invocation
from pluggable.runtime.components.catalog import Catalog
from pluggable.runtime.config import RuntimeConfig
from pluggable.runtime.invocation import Names, UnknownAppError
from pluggable.runtime.invocation.peers import Peers
from pluggable.runtime.telemetry import Telemetry
from pluggable.transport import Channel, Limits, channel, server


class Directory:
    """Knows who was written into it."""

    def __init__(self) -> None:
        self.addresses: dict[str, list[str]] = {}
        self.asked: list[str] = []
        self.first = asyncio.Event()

    async def resolve(self, app_id: str, namespace: str) -> Sequence[str]:
        self.asked.append(f"{app_id}.{namespace}")
        self.first.set()
        if app_id not in self.addresses:
            raise UnknownAppError(f"couldn't find service: {app_id}")
        return self.addresses[app_id]


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One sidecar: where its APIs are, and its way to its application."""

    config: RuntimeConfig
    invocation: Invocation
    app: AppChannel
    http_port: int
    grpc: Channel
    internal: Channel
    telemetry: Telemetry

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.http_port}{path}"


class Sides:
    """Opens sidecars for a test and closes them after it."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack
        self.directory = Directory()

    async def open(self, app_id: str, **settings: Any) -> Side:
        """Open one that the others find."""
        config = RuntimeConfig(app_id=app_id, **settings)
        app = await self._stack.enter_async_context(app_channel(config))
        peers = await self._stack.enter_async_context(Peers(config.max_body_bytes))
        invocation = Invocation(config, app, Names(self.directory), peers, host="192.0.2.9")
        made = blocks.build(Catalog(), config, channel=app, invocation=invocation)
        telemetry = Telemetry(app_id, error_codes=True)
        front = http.server(http.routes(made, config, telemetry, shutdown=lambda _: None), config)
        await self._stack.enter_async_context(front)
        _, port = await front.listen("127.0.0.1", 0)
        limits = Limits(receive_bytes=config.max_body_bytes)
        handlers = grpc.handlers(made, config, telemetry, shutdown=lambda _: None)
        api = await self._served(server(handlers, unknown=grpc.unknown(config, invocation), limits=limits))
        inside = grpc.internal_handlers(app, config)
        internal = await self._served(server(inside, unknown=grpc.unknown_inside(invocation), limits=limits))
        self.directory.addresses[app_id] = [internal]
        return Side(
            config=config,
            invocation=invocation,
            app=app,
            http_port=port,
            grpc=await self._stack.enter_async_context(channel(api)),
            internal=await self._stack.enter_async_context(channel(internal)),
            telemetry=telemetry,
        )

    async def _served(self, made: Any) -> str:
        serving = await self._stack.enter_async_context(made)
        address: str = await serving.listen("127.0.0.1:0")
        await serving.start()
        return address


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request came to."""

    status: int
    headers: Mapping[str, str]
    body: bytes


async def ask(side: Side, method: str, path: str | URL, **settings: Any) -> Answer:
    """Make one request of a sidecar over HTTP."""
    async with ClientSession(auto_decompress=False) as session:
        url = side.url(path) if isinstance(path, str) else path
        async with session.request(method, url, allow_redirects=False, **settings) as answer:
            return Answer(answer.status, answer.headers, await answer.read())
