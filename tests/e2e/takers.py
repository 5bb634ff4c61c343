"""An application that takes whatever it is sent, and answers as it is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from tests.e2e.sidecars import Sidecar
from tests.web import listening

_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One request of a sidecar: an event of a topic or of a binding."""

    route: str
    body: bytes
    headers: Mapping[str, str]

    def data(self) -> Any:
        """What was published, where a CloudEvent came."""
        return json.loads(self.body)["data"]


class Taker:
    """Subscribes to what it is told before it is served; a route is a topic's or a binding's name."""

    def __init__(self) -> None:
        self.subscriptions: list[dict[str, Any]] = []
        self.arrivals: list[Arrival] = []
        self.status = 200
        """What requests are answered with."""
        self.port = 0
        self._news = asyncio.Condition()

    @classmethod
    @asynccontextmanager
    async def serving(cls) -> AsyncIterator[Taker]:
        """An application on a port of its own."""
        taker = cls()
        application = web.Application()
        application.router.add_get("/dapr/subscribe", taker._subscribe)
        application.router.add_route("OPTIONS", "/{path:.*}", taker._options)
        application.router.add_post("/{path:.*}", taker._take)
        async with listening(application) as taker.port:
            yield taker

    def subscribe(self, pubsub: str, topic: str, **metadata: str) -> None:
        """Want the events of a topic, at ``/<pubsub>``."""
        wanted = {"pubsubname": pubsub, "topic": topic, "route": f"/{pubsub}", "metadata": metadata}
        self.subscriptions.append(wanted)

    async def got(self, number: int, seconds: float = _SECONDS) -> list[Arrival]:
        """Wait until so many have come, and return all."""
        async with asyncio.timeout(seconds), self._news:
            await self._news.wait_for(lambda: len(self.arrivals) >= number)
        return list(self.arrivals)

    async def _subscribe(self, _: web.Request) -> web.Response:
        return web.json_response(self.subscriptions)

    async def _options(self, _: web.Request) -> web.Response:
        return web.Response()

    async def _take(self, request: web.Request) -> web.Response:
        arrival = Arrival(route=request.path[1:], body=await request.read(), headers=request.headers)
        async with self._news:
            self.arrivals.append(arrival)
            self._news.notify_all()
        return web.Response(status=self.status)


async def post(running: Sidecar, path: str, body: bytes | dict[str, Any]) -> None:
    """Make a request of a sidecar that has to go well."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = await running.call("POST", f"/v1.0/{path}", data)
    assert answer.status in (200, 204), answer.body
