"""An application behind a sidecar, in the test's own process."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from tests.web import listening


class Application:
    """Subscribes to what it is told before it starts, and remembers the events that it was sent."""

    def __init__(self) -> None:
        self.subscriptions: list[dict[str, str]] = []
        self.events: list[dict[str, Any]] = []
        self.handled: set[Any] = set()
        """The data of the events that were answered."""
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self._news = asyncio.Condition()
        app = web.Application()
        app.router.add_get("/dapr/subscribe", self._subscribe)
        app.router.add_post("/events", self._event)
        self._serving = listening(app)

    async def __aenter__(self) -> Self:
        self.port: int = await self._serving.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._serving.__aexit__(kind, error, trace)

    def subscribe(self, pubsub: str, topic: str) -> None:
        """Want the events of a topic."""
        self.subscriptions.append({"pubsubname": pubsub, "topic": topic, "route": "/events"})

    async def got(self, number: int) -> list[dict[str, Any]]:
        """Wait until so many events have come, and return them."""
        async with self._news:
            await self._news.wait_for(lambda: len(self.events) >= number)
        return self.events

    async def _subscribe(self, _: web.Request) -> web.Response:
        return web.json_response(self.subscriptions)

    async def _event(self, request: web.Request) -> web.Response:
        event = await request.json()
        async with self._news:
            self.events.append(event)
            self._news.notify_all()
        await self.may_answer.wait()
        self.handled.add(event["data"])
        return web.json_response({"status": "SUCCESS"})
