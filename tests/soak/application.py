"""The application of the soak: it takes events and ticks, and answers calls with what they sent."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from aiohttp import web

from tests.soak.ledger import Ledger


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
        self._runner = web.AppRunner(app, access_log=None)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port: int = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

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
