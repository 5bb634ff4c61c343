from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from pluggable.bindings import Event, InputBinding
from pluggable.delivery import Accepted, Delivery, Outcome, Rejected
from pluggable.runtime import resources
from pluggable.runtime.appchannel import app_channel
from pluggable.runtime.components.catalog import Catalog, Loaded
from pluggable.runtime.config import RuntimeConfig
from pluggable.runtime.inputs import InputBindings
from tests.runtime.appchannel.servers import application


class Bell(InputBinding):
    """Rings when it is told to."""

    def __init__(self) -> None:
        self.deliver: Delivery[Event] | None = None
        self.changed = asyncio.Event()

    async def read(self, deliver: Delivery[Event]) -> None:
        self.deliver = deliver
        self.changed.set()
        deliver.ready()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            self.deliver = None
            self.changed.set()

    async def until(self, *, read: bool) -> None:
        async with asyncio.timeout(5):
            while (self.deliver is not None) is not read:
                self.changed.clear()
                await self.changed.wait()

    async def ring(self, data: bytes = b"", **metadata: str) -> Outcome:
        await self.until(read=True)
        assert self.deliver is not None
        return await self.deliver(Event(data=data, metadata=metadata))


class World:
    """An application, and the input bindings to it."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, bytes]] = []
        self.wants = True
        self.status = 200
        self.hold: asyncio.Event | None = None
        self.arrived = asyncio.Event()
        self.catalog = Catalog()
        self.inputs: InputBindings

    async def handle(self, request: web.Request) -> web.Response:
        self.requests.append((request.method, request.path, await request.read()))
        if request.method == "OPTIONS":
            return web.Response(status=200 if self.wants else 404)
        self.arrived.set()
        if self.hold is not None:
            await self.hold.wait()
        return web.Response(status=self.status, text="answer")

    def load(self, name: str = "bell", **properties: str) -> Bell:
        bell = Bell()
        self.catalog.inputs[name] = Loaded(
            resources.Component(name=name, type="bindings.bell"), bell, properties
        )
        self.catalog.notify()
        return bell


@asynccontextmanager
async def world(**settings: Any) -> AsyncIterator[World]:
    here = World()
    async with application(here.handle) as port:
        values: dict[str, Any] = {"app_id": "shop", "app_port": port} | settings
        config = RuntimeConfig(**values)
        async with app_channel(config) as channel:
            here.inputs = InputBindings(here.catalog, channel, config)
            try:
                yield here
            finally:
                if here.hold is not None:
                    here.hold.set()
                await here.inputs.close()


async def test_wanted_binding_is_read() -> None:
    async with world() as here:
        bell = here.load()
        await here.inputs.probe()
        here.inputs.open()

        assert await bell.ring(b"ding") == Accepted(b"answer")
        assert here.requests == [("OPTIONS", "/bell", b""), ("POST", "/bell", b"ding")]


async def test_unwanted_binding_is_not_read() -> None:
    async with world() as here:
        here.wants = False
        unwanted, wanted = here.load(), here.load("other", direction="input")
        await here.inputs.probe()
        here.inputs.open()
        await wanted.ring()

        assert unwanted.deliver is None
        assert list(here.catalog.inputs) == ["bell", "other"]


@pytest.mark.parametrize(("direction", "read"), [("input", True), ("output, Input", True), ("output", False)])
async def test_direction_makes_asking_needless(direction: str, read: bool) -> None:
    async with world() as here:
        bell, other = here.load(direction=direction), here.load("other", direction="input")
        await here.inputs.probe()
        here.inputs.open()
        await other.until(read=True)

        assert (bell.deliver is not None) is read
        assert here.requests == []


async def test_route_replaces_the_name() -> None:
    async with world() as here:
        bell = here.load(route="/rings")
        await here.inputs.probe()
        here.inputs.open()
        await bell.ring()

        assert [path for _, path, _ in here.requests] == ["/rings", "/rings"]


async def test_binding_that_comes_later_is_asked_about() -> None:
    async with world() as here:
        await here.inputs.probe()
        here.inputs.open()
        bell = here.load()

        assert await bell.ring() == Accepted(b"answer")
        assert [method for method, _, _ in here.requests] == ["OPTIONS", "POST"]


async def test_removed_binding_is_left() -> None:
    async with world() as here:
        bell = here.load(direction="input")
        here.inputs.open()
        await bell.until(read=True)

        del here.catalog.inputs["bell"]
        here.catalog.notify()
        await bell.until(read=False)


async def left_in_the_midst(here: World) -> tuple[Bell, asyncio.Task[Outcome]]:
    """Take a binding away while the application has its event, which is then answered."""
    here.hold = asyncio.Event()
    bell = here.load(direction="input")
    here.inputs.open()
    under_way = asyncio.create_task(bell.ring())
    await here.arrived.wait()
    del here.catalog.inputs["bell"]
    here.catalog.notify()
    here.hold.set()
    return bell, under_way


async def test_event_right_behind_the_last_one_is_refused() -> None:
    async with world() as here:
        bell, under_way = await left_in_the_midst(here)

        assert await under_way == Accepted(b"answer")
        assert await bell.ring() == Rejected("input binding is closed")
        await bell.until(read=False)


async def test_close_ends_a_binding_that_is_just_being_left() -> None:
    async with world() as here:
        bell, under_way = await left_in_the_midst(here)
        assert await under_way == Accepted(b"answer")

        await here.inputs.close()

        assert bell.deliver is None


async def test_failed_event_is_rejected() -> None:
    async with world() as here:
        here.status = 500
        bell = here.load(direction="input")
        here.inputs.open()

        outcome = await bell.ring()
        assert isinstance(outcome, Rejected)
        assert "status code: 500" in outcome.reason


async def test_nothing_is_read_without_application() -> None:
    async with world(app_port=0) as here:
        bell = here.load(direction="input")
        await here.inputs.probe()
        here.inputs.open()
        await asyncio.sleep(0)

        assert bell.deliver is None


async def test_close_lets_events_finish() -> None:
    async with world() as here:
        here.hold = asyncio.Event()
        bell = here.load(direction="input")
        here.inputs.open()
        under_way = asyncio.create_task(bell.ring())
        await here.arrived.wait()
        closing = asyncio.create_task(here.inputs.close())
        await asyncio.sleep(0)

        assert await bell.ring() == Rejected("input binding is closed")
        here.hold.set()
        assert await under_way == Accepted(b"answer")
        assert await bell.ring() == Rejected("input binding is closed")
        await closing
        assert bell.deliver is None


async def test_halted_binding_is_read_and_asked_about_again() -> None:
    async with world() as here:
        bell = here.load()
        here.inputs.open()
        await bell.until(read=True)
        for wants in (False, True):
            here.wants = wants
            here.inputs.halt()
            await bell.until(read=False)
            await here.inputs.probe()
            here.inputs.open()
        await bell.until(read=True)

        assert [method for method, _, _ in here.requests] == ["OPTIONS"] * 3


async def test_event_with_the_application_is_answered_after_a_halt() -> None:
    async with world() as here:
        here.hold = asyncio.Event()
        bell = here.load(direction="input")
        here.inputs.open()
        under_way = asyncio.create_task(bell.ring())
        await here.arrived.wait()
        here.inputs.halt()
        here.inputs.open()
        assert await bell.ring() == Rejected("input binding is closed")
        here.hold.set()

        assert await under_way == Accepted(b"answer")
        await bell.until(read=False)
        await bell.until(read=True)
        assert await bell.ring() == Accepted(b"answer")


async def test_no_more_events_than_so_many_are_with_an_app_that_does_not_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pluggable.runtime.inputs.EVENTS_AT_ONCE", 3)
    async with world(graceful_shutdown_seconds=0.05) as here:
        here.hold = asyncio.Event()
        bell = here.load(direction="input")
        here.inputs.open()
        under_way = [asyncio.create_task(bell.ring(b"%d" % number)) for number in range(10)]
        async with asyncio.timeout(5):
            while len(here.requests) < 3:
                here.arrived.clear()
                await here.arrived.wait()
        closing = asyncio.create_task(here.inputs.close())
        await closing

        assert len(here.requests) == 3
        assert not any(task.done() and isinstance(task.result(), Accepted) for task in under_way)
        here.hold.set()
        assert [type(each) for each in await asyncio.gather(*under_way)].count(Rejected) == 7


async def test_event_may_have_longer_than_a_graceful_end() -> None:
    async with world(graceful_shutdown_seconds=0.01) as here:
        here.hold = asyncio.Event()
        bell = here.load(direction="input")
        here.inputs.open()
        under_way = asyncio.create_task(bell.ring())
        await here.arrived.wait()
        closing = asyncio.create_task(here.inputs.close(longer_seconds=10))
        await asyncio.sleep(0.1)
        here.hold.set()

        assert await under_way == Accepted(b"answer")
        assert bell.deliver is not None
        await closing
