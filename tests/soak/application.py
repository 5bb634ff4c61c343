"""The application of the soak: it takes events and ticks, and answers calls with what they sent."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from aiohttp import web

from tests.soak.ledger import Ledger
from tests.web import listening


class Application:
    """Serves on a free port as long as its ``async with`` lasts."""

    def __init__(self, ledger: Ledger) -> None:
        self.ticks = 0
        self._ledger = ledger
        app = web.Application()
        app.router.add_get("/dapr/subscribe", self._subscribe)
        app.router.add_post("/events", self._event)
        app.router.add_post("/clock", self._tick)
        app.router.add_post("/echo", self._echo)
        self._serving = listening(app)

    async def __aenter__(self) -> Self:
        self.port: int = await self._serving.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._serving.__aexit__(kind, error, trace)

    async def _subscribe(self, _: web.Request) -> web.Response:
        return web.json_response([{"pubsubname": "events", "topic": "numbers", "route": "/events"}])

    async def _event(self, request: web.Request) -> web.Response:
        event = await request.json()
        await self._ledger.deliver(event["data"]["number"])
        return web.json_response({"status": "SUCCESS"})

    async def _tick(self, _: web.Request) -> web.Response:
        self.ticks += 1
        return web.Response()

    async def _echo(self, request: web.Request) -> web.Response:
        return web.Response(body=await request.read(), content_type="application/octet-stream")
