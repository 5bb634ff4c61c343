from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from pluggable.delivery import Unanswered
from pluggable.runtime import resources
from pluggable.runtime.appchannel import AppChannel, AppConfig, AppUnhealthyError, app_channel
from pluggable.runtime.attendance import Attendance
from pluggable.runtime.components.catalog import Catalog, Loaded
from pluggable.runtime.config import RuntimeConfig
from pluggable.runtime.inputs import InputBindings
from pluggable.runtime.subscriptions import Subscriptions
from tests.runtime.appchannel.servers import application
from tests.runtime.subscriptions.bus import Bus, to
from tests.runtime.test_inputs import Bell


class World:
    """An application that is well or not, and what its sidecar makes of it."""

    def __init__(self) -> None:
        self.well = True
        self.hold: dict[str, asyncio.Event] = {}
        self.asked: list[str] = []
        self.changed = asyncio.Event()
        self.bus, self.bell, self.catalog = Bus(), Bell(), Catalog()
        self.channel: AppChannel
        self.attendance: Attendance
        self.told: list[AppConfig] = []
        self.subscriptions: Subscriptions

    async def handle(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        self.changed.set()
        if (held := self.hold.get(request.path)) is not None:
            await held.wait()
        if request.path == "/declared":
            return web.Response(status=500)
        if request.path == "/healthz":
            return web.Response(status=200 if self.well else 503)
        if request.path == "/dapr/subscribe":
            return web.json_response([{"pubsubname": "events", "topic": "asked", "route": "/asked"}])
        return web.json_response({"entities": ["cat"]} if request.path == "/dapr/config" else {})

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait for something that shows with a request of the sidecar's."""
        async with asyncio.timeout(5):
            while not holds():
                self.changed.clear()
                await self.changed.wait()

    async def probed(self, times: int = 1) -> None:
        """Wait for so many further probes."""
        before = self.asked.count("/healthz")
        await self.until(lambda: self.asked.count("/healthz") >= before + times)


@asynccontextmanager
async def world(*, probed: bool = True, **settings: Any) -> AsyncIterator[World]:
    here = World()
    here.catalog.pubsub["events"] = Loaded(
        resources.Component(name="events", type="pubsub.bus"), here.bus, {}
    )
    here.catalog.inputs["bell"] = Loaded(
        resources.Component(name="bell", type="bindings.bell"), here.bell, {"direction": "input"}
    )
    async with application(here.handle) as port:
        values: dict[str, Any] = {
            "app_id": "shop",
            "app_port": port,
            "enable_app_health_check": probed,
            "app_health_probe_interval_seconds": 0.02,
            "app_health_threshold": 1,
            "graceful_shutdown_seconds": 1.0,
        }
        config = RuntimeConfig(**values | settings)
        async with app_channel(config) as channel:
            here.channel = channel
            here.subscriptions = Subscriptions(here.catalog, channel, config)
            here.subscriptions.declare(
                resources.Changes(added=resources.Resources(subscriptions=(to("declared"),)))
            )
            inputs = InputBindings(here.catalog, channel, config)
            here.attendance = Attendance(channel, here.subscriptions, inputs, config, here.told.append)
            try:
                yield here
            finally:
                for held in here.hold.values():
                    held.set()
                await here.attendance.close()
                await here.subscriptions.close()
                await inputs.close()


async def test_app_that_is_not_probed_is_called_at_once() -> None:
    async with world(probed=False) as here:
        await here.attendance.begin()

        assert here.channel.health.healthy
        assert [told.entities for told in here.told] == [("cat",)]
        await here.bus.until("declared", "asked")
        await here.bell.until(read=True)
        assert "/healthz" not in here.asked


async def test_unwell_app_is_not_waited_for_and_not_asked() -> None:
    async with world() as here:
        here.well = False
        async with asyncio.timeout(5):
            await here.attendance.begin()
        await here.probed(3)

        assert set(here.asked) == {"/healthz"}
        assert here.bus.subscribed == {}
        assert here.bell.deliver is None
        assert [each.topic for each in here.subscriptions.listing()] == ["declared"]
        with pytest.raises(AppUnhealthyError, match="app is not in a healthy state"):
            here.channel.health.check()


async def test_everything_stops_and_starts_with_the_apps_health() -> None:
    async with world() as here:
        await here.attendance.begin()
        for _ in range(3):
            here.well = True
            await here.bus.until("declared", "asked")
            await here.bell.until(read=True)
            here.channel.health.check()

            here.well = False
            await here.bus.until()
            await here.bell.until(read=False)
            assert not here.channel.health.healthy

        assert here.asked.count("/dapr/config") == 1
        assert here.asked.count("/dapr/subscribe") == 1


async def test_probe_without_answer_is_a_failed_one() -> None:
    async with world(app_health_probe_timeout_seconds=0.02) as here:
        await here.attendance.begin()
        await here.bus.until("declared", "asked")

        here.hold["/healthz"] = asyncio.Event()
        async with asyncio.timeout(5):
            await here.channel.health.until(healthy=False)


async def test_failures_count_in_a_row(caplog: pytest.LogCaptureFixture) -> None:
    async with world(app_health_threshold=3) as here:
        with caplog.at_level(logging.INFO):
            await here.attendance.begin()
            await here.channel.health.until(healthy=True)
            here.well = False
            await here.probed()
            here.well = True
            await here.probed(2)
            assert here.channel.health.healthy
            here.well = False
            before = here.asked.count("/healthz")
            async with asyncio.timeout(5):
                await here.channel.health.until(healthy=False)

    assert here.asked.count("/healthz") >= before + 2
    assert "App entered healthy status" in caplog.text
    assert "App entered un-healthy status: App health check failed 3 times" in caplog.text


async def test_message_that_fails_while_the_app_becomes_unwell_is_not_answered() -> None:
    async with world() as here:
        here.hold["/declared"] = asyncio.Event()
        await here.attendance.begin()
        await here.bus.until("declared", "asked")
        under_way = asyncio.create_task(here.bus.send("declared"))
        await here.until(lambda: "/declared" in here.asked)

        here.well = False
        await here.bus.until("declared")
        assert await here.bus.send("declared") == Unanswered()
        here.hold["/declared"].set()
        assert await under_way == Unanswered()
        await here.bus.until()
