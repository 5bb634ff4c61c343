"""Applications that never answer, and those that die with a message in hand."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import aiohttp
import pytest
from aiohttp import web

from tests.benchmarks.processes import pss
from tests.e2e.sidecars import Sidecar, component, sidecar
from tests.e2e.test_stopping import bundled
from tests.web import listening

MESSAGES = 150
MESSAGE_BYTES = 200_000
#: What fits into the broker waits there, the rest with its publishers; each step on the way has a copy.
HELD_BYTES = 8 * MESSAGES * MESSAGE_BYTES
#: So many fit into the broker, and some more.
TAKEN = 60
HANDLED = 25


class Application:
    """Takes messages of one topic; ``take`` says what becomes of each."""

    def __init__(self, pubsub: str) -> None:
        self.handled: set[int] = set()
        self.dropped: set[int] = set()
        self.dies = False
        self.hangs = False
        self.news = asyncio.Condition()
        self._pubsub = pubsub
        app = web.Application()
        app.router.add_get("/dapr/subscribe", self._subscribe)
        app.router.add_post("/events", self._event)
        self._serving = listening(app, shutdown_seconds=0.1)

    async def __aenter__(self) -> Self:
        self.port: int = await self._serving.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._serving.__aexit__(kind, error, trace)

    async def until(self, handled: int = 0, dropped: int = 0) -> None:
        """Wait until it has done so much."""
        async with asyncio.timeout(30), self.news:
            await self.news.wait_for(lambda: len(self.handled) >= handled and len(self.dropped) >= dropped)

    async def _subscribe(self, _: web.Request) -> web.Response:
        return web.json_response([{"pubsubname": self._pubsub, "topic": "orders", "route": "/events"}])

    async def _event(self, request: web.Request) -> web.Response:
        number = (await request.json()).get("data")
        number = number if isinstance(number, int) else 0
        async with self.news:
            (self.dropped if self.dies or self.hangs else self.handled).add(number)
            self.news.notify_all()
        if self.hangs:
            await asyncio.Event().wait()
        if self.dies:  # as a process does that is killed: its connections are cut
            assert request.transport is not None
            request.transport.abort()
        return web.json_response({"status": "SUCCESS"})


def accepted(file: Path) -> set[int]:
    return {int(line) for line in file.read_text().split()}


@pytest.mark.slow
async def test_message_of_an_application_that_dies_is_not_acknowledged(
    resources: Path, tmp_path: Path, socket_folder: Path
) -> None:
    file = tmp_path / "accepted"
    component(resources, "orders", "state.ledger")
    component(resources, "events", "pubsub.ledger", accepted=str(file))
    async with (
        Application("events") as application,
        bundled(resources, socket_folder, application.port) as pair,
    ):
        await application.until(handled=HANDLED)
        application.dies = True
        await application.until(dropped=HANDLED)
        application.dies = False
        before = len(application.handled)
        await application.until(handled=before + HANDLED)

        assert (await pair.sidecar.call("GET", "/v1.0/healthz")).status == 204
        assert await pair.sidecar.end() == 0
    assert not accepted(file) & application.dropped
    assert accepted(file) <= application.handled


@pytest.mark.slow
async def test_application_that_never_answers_holds_up_its_publishers_only(resources: Path) -> None:
    component(resources, "events", "pubsub.in-memory")
    component(resources, "store", "state.in-memory")
    async with Application("events") as application:
        application.hangs = True
        async with sidecar(
            resources, app_port=application.port, flags=["--dapr-graceful-shutdown-seconds=1"]
        ) as running:
            before = memory(running)
            async with flooded(running, TAKEN):
                await application.until(dropped=1)

                assert memory(running) < before + HELD_BYTES
                saved = b'[{"key": "k", "value": 1}]'
                assert (await running.call("POST", "/v1.0/state/store", saved)).status == 204
                assert (await running.call("GET", "/v1.0/healthz")).status == 204
            children = running.children()
            running.process.terminate()
            assert await running.ended() in {0, 1}
            assert all(child not in os.listdir("/proc") for child in map(str, children))


def memory(running: Sidecar) -> int:
    """Return what the sidecar and its components take together."""
    return sum(map(pss, [running.process.pid, *running.children()]))


@asynccontextmanager
async def flooded(running: Sidecar, taken: int) -> AsyncIterator[None]:
    """Publish more than may be held, until so many messages have been taken; the others wait."""
    url = f"http://127.0.0.1:{running.http_port}/v1.0/publish/events/orders"
    body = json.dumps("x" * MESSAGE_BYTES).encode()
    enough = asyncio.Event()
    answers: list[int] = []

    async def publish(session: aiohttp.ClientSession) -> None:
        async with session.post(url, data=body) as answer:
            answers.append(answer.status)
        if len(answers) >= taken:
            enough.set()

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        publishing = [asyncio.create_task(publish(session)) for _ in range(MESSAGES)]
        try:
            await enough.wait()
            yield
            assert set(answers) == {204}
            assert len(answers) < MESSAGES
        finally:
            for task in publishing:
                task.cancel()
            await asyncio.gather(*publishing, return_exceptions=True)
