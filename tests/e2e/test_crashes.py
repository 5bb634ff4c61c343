"""Processes that are killed, and what others notice of it."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.e2e.applications import Application
from tests.e2e.packages import package
from tests.e2e.processes import Ending
from tests.e2e.sidecars import PATIENCE, Sidecar, component, sidecar

BACK_SECONDS = 2.0 * PATIENCE
WRITERS = 8


@dataclass
class Load:
    """Writers that save one key after the other, and what they were answered."""

    url: str
    acknowledged: list[str] = field(default_factory=list)
    errors: list[tuple[int, Any]] = field(default_factory=list)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)
    stopped: bool = False

    async def run(self) -> None:
        """Write until stopped."""
        async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as tasks:
            for writer in range(WRITERS):
                tasks.create_task(self._write(session, writer))

    async def _write(self, session: aiohttp.ClientSession, writer: int) -> None:
        number = 0
        while not self.stopped:
            number += 1
            key = f"{writer}-{number}"
            async with session.post(self.url, json=[{"key": key, "value": number}]) as answer:
                failed = None if answer.status == 204 else (answer.status, await answer.json())
            async with self.news:
                if failed is None:
                    self.acknowledged.append(key)
                else:
                    self.errors.append(failed)
                self.news.notify_all()
            if failed is not None:
                await asyncio.sleep(0.02)  # as a client does that tries again

    async def until(self, condition: Callable[[], bool]) -> None:
        async with self.news:
            await self.news.wait_for(condition)

    async def more(self, number: int) -> None:
        """Wait for so many more acknowledgements."""
        wanted = len(self.acknowledged) + number
        await self.until(lambda: len(self.acknowledged) >= wanted)


async def missing(running: Sidecar, keys: list[str]) -> list[str]:
    """Return which keys the store does not have."""
    found: set[str] = set()
    async with aiohttp.ClientSession() as session:
        url = f"http://127.0.0.1:{running.http_port}/v1.0/state/orders/bulk"
        async with session.post(url, json={"keys": keys, "parallelism": 8}) as answer:
            found.update(item["key"] for item in await answer.json() if "data" in item)
    return [key for key in keys if key not in found]


async def time_to_come_back(running: Sidecar, load: Load) -> float:
    """Kill the store's process and return the seconds until a write is acknowledged again."""
    errors = len(load.errors)
    ending = Ending(killed := running.child("sqlite"))
    loop = asyncio.get_running_loop()
    since = loop.time()
    os.kill(killed, signal.SIGKILL)
    await ending.wait()
    await load.until(lambda: len(load.errors) > errors)
    await load.more(1)
    return loop.time() - since


@pytest.mark.timed
async def test_acknowledged_writes_survive_a_kill(resources: Path, tmp_path: Path) -> None:
    component(resources, "orders", "state.sqlite", connectionString=str(tmp_path / "orders.db"))
    async with sidecar(resources) as running:
        load = Load(f"http://127.0.0.1:{running.http_port}/v1.0/state/orders")
        loading = asyncio.create_task(load.run())
        await load.more(50)
        for _ in range(3):  # a machine that is busy with something else may be late once
            if (seconds := await time_to_come_back(running, load)) < BACK_SECONDS:
                break
        await load.more(50)
        load.stopped = True
        await loading

        assert seconds < BACK_SECONDS
        assert await missing(running, load.acknowledged) == []
        assert {status for status, _ in load.errors} == {500}
        assert {error["errorCode"] for _, error in load.errors} == {"ERR_STATE_SAVE"}
        for _, error in load.errors:
            assert 'component "orders" at unix:' in error["message"]
            assert any(word in error["message"] for word in ("is down", "is unavailable", "was lost"))


async def test_children_do_not_outlive_a_killed_sidecar(resources: Path, tmp_path: Path) -> None:
    component(resources, "orders", "state.sqlite", connectionString=str(tmp_path / "orders.db"))
    component(resources, "events", "pubsub.in-memory")
    async with sidecar(resources) as running:
        load = Load(f"http://127.0.0.1:{running.http_port}/v1.0/state/orders")
        loading = asyncio.create_task(load.run())
        await load.more(20)
        assert len(running.children()) == 2
        processes = [Ending(pid) for pid in running.processes()]
        running.process.kill()
        for process in processes:
            await process.wait()
        await asyncio.gather(loading, return_exceptions=True)


@pytest.mark.timed
async def test_subscriptions_survive_a_kill(resources: Path, application: Application) -> None:
    component(resources, "events", "pubsub.in-memory")
    application.subscribe("events", "orders")
    async with sidecar(resources, app_port=application.port) as running:
        assert (await running.call("POST", "/v1.0/publish/events/orders", b"1")).status == 204
        await application.got(1)
        loop = asyncio.get_running_loop()

        for _ in range(3):  # a machine that is busy with something else may be late once
            got = len(application.events)
            ending = Ending(killed := running.child("in-memory"))
            os.kill(killed, signal.SIGKILL)
            await ending.wait()
            since = loop.time()
            while (
                len(application.events) == got
            ):  # a broker in memory knows no message without its subscriber
                await running.call("POST", "/v1.0/publish/events/orders", b"2")
                try:
                    async with asyncio.timeout(0.05):
                        await application.got(got + 1)
                except TimeoutError:
                    pass
            if (seconds := loop.time() - since) < BACK_SECONDS:
                break

        assert seconds < BACK_SECONDS


@pytest.mark.slow  # the pauses before each start; tests/runtime/children/test_supervisor.py has short ones
async def test_crash_loop_is_reported_and_given_up(resources: Path, tmp_path: Path) -> None:
    package(tmp_path, "brittle", 'raise SystemExit("glass breaks")', {"state.brittle": "Store"})
    component(resources, "orders", "state.brittle")
    environment = {"PYTHONPATH": f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}"}
    async with sidecar(resources, environment=environment, wait=False) as running:
        assert await running.ended() == 1

        fatal = await running.said("level=fatal", "Fatal error from runtime: process component orders error")
        assert "component process brittle (state.brittle) exited with status 1, 6 times in a row" in fatal
        assert "glass breaks" in fatal


async def test_missing_extra_ends_the_start_at_once(resources: Path, tmp_path: Path) -> None:
    package(tmp_path, "needy", "import warp", {"state.needy": "Store"}, {"fast": "warp"})
    component(resources, "orders", "state.needy")
    environment = {"PYTHONPATH": f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}"}
    async with sidecar(resources, environment=environment, wait=False) as running:
        assert await running.ended() == 1

        fatal = await running.said("level=fatal", "exited with status 3 and is not started again")
        assert "pip install 'needy[fast]'" in fatal
        assert "started again" not in running.log().replace("is not started again", "")
