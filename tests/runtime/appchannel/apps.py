"""An application over HTTP that notes what it is asked, and the messages for it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from pluggable.metadata import NO_METADATA
from pluggable.runtime.appchannel import AppChannel, TopicEvent, app_channel
from pluggable.runtime.cloudevents import Incoming
from pluggable.runtime.config import RuntimeConfig
from tests.runtime.appchannel.servers import application


class App:
    """An application that notes what it is asked and answers one thing."""

    def __init__(self, status: int = 200, body: str = "", **settings: Any) -> None:
        self.status = status
        self.body = body
        self.settings = settings
        self.requests: list[tuple[str, str, Mapping[str, str], bytes]] = []

    async def handle(self, request: web.Request) -> web.Response:
        self.requests.append((request.method, request.raw_path, request.headers, await request.read()))
        return web.Response(status=self.status, text=self.body)

    @asynccontextmanager
    async def channel(self) -> AsyncIterator[AppChannel]:
        async with (
            application(self.handle) as port,
            app_channel(RuntimeConfig(app_id="shop", app_port=port, **self.settings)) as channel,
        ):
            yield channel


def message(body: bytes = b"{}", metadata: Mapping[str, str] = NO_METADATA, **event: Any) -> TopicEvent:
    return TopicEvent(pubsub="events", topic="orders", content=Incoming(event, body), metadata=metadata)
