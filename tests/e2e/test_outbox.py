"""A sidecar that dies in the middle of transactions publishes what they stored, and nothing else."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import aiohttp
import pytest
from redis import Redis

from tests.e2e.applications import Application
from tests.e2e.daprds import daprd, needs_daprd
from tests.e2e.sidecars import Sidecar, component, sidecar
from tests.servers.running import redis_server

WRITERS = 8
#: How often the sidecar is killed.
DEATHS = 3
#: How many transactions are answered before it is.
EACH = 20


@pytest.fixture
async def database(resources: Path, tmp_path: Path) -> AsyncIterator[Path]:
    """A store whose values are published over Redis, which gives again what nobody acknowledged."""
    path = tmp_path / "orders.db"
    with redis_server() as port:
        component(
            resources,
            "orders",
            "state.sqlite",
            connectionString=str(path),
            outboxPublishPubsub="events",
            outboxPublishTopic="orders",
        )
        component(
            resources,
            "events",
            "pubsub.redis",
            redisHost=f"127.0.0.1:{port}",
            processingTimeout="1s",
            redeliverInterval="500ms",
        )
        yield path


def stored(database: Path) -> dict[str, str]:
    """Return what is in the store, the values as they were saved."""
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute("SELECT key FROM state").fetchall()
    return {key.rpartition("||")[2]: key for (key,) in rows}


async def write(running: Sidecar, begun: int, answered: asyncio.Semaphore) -> None:
    """Make transactions, one after the other, until the sidecar is gone; half of them are refused."""
    url = f"http://127.0.0.1:{running.http_port}/v1.0/state/orders/transaction"
    async with aiohttp.ClientSession() as session:
        for number in range(1_000):
            key = f"{begun}-{number}"
            upsert = {"operation": "upsert", "request": {"key": key, "value": key}}
            refused = {"operation": "delete", "request": {"key": f"no {key}", "etag": "1"}}
            operations = [upsert, refused] if number % 2 else [upsert]
            try:
                async with session.post(url, json={"operations": operations}) as answer:
                    assert answer.status == (500 if number % 2 else 204), await answer.text()
            except aiohttp.ClientError:
                return
            answered.release()


async def killed_at_work(running: Sidecar, round_: int) -> None:
    """Kill the sidecar while several write."""
    answered = asyncio.Semaphore(0)
    async with asyncio.TaskGroup() as writers:
        for writer in range(WRITERS):
            writers.create_task(write(running, round_ * WRITERS + writer, answered))
        for _ in range(EACH):
            await answered.acquire()
        running.process.kill()
        await running.process.wait()


@pytest.mark.slow
async def test_what_was_stored_is_published_after_a_crash(
    resources: Path, database: Path, application: Application
) -> None:
    application.subscribe("events", "orders")
    for round_ in range(DEATHS):
        async with sidecar(resources, app_port=application.port) as running:
            await killed_at_work(running, round_)
    kept = stored(database)
    values = {name for name in kept if not name.startswith("outbox-")}
    assert len(values) >= DEATHS * EACH / 2

    async with sidecar(resources, app_port=application.port) as running, asyncio.timeout(30):
        while not values <= application.handled:
            await application.got(len(application.events) + 1)
        while any(name.startswith("outbox-") for name in stored(database)):  # noqa: ASYNC110  a file tells nobody
            await asyncio.sleep(0.1)

    assert application.handled == values


@pytest.mark.slow
async def test_each_transaction_is_published_once(resources: Path, application: Application) -> None:
    component(
        resources, "orders", "state.in-memory", outboxPublishPubsub="events", outboxPublishTopic="orders"
    )
    component(resources, "events", "pubsub.in-memory")
    application.subscribe("events", "orders")
    async with sidecar(resources, app_port=application.port) as running:
        for number in range(20):
            operation = {"operation": "upsert", "request": {"key": "k", "value": str(number)}}
            body = json.dumps({"operations": [operation]}).encode()
            assert (await running.call("POST", "/v1.0/state/orders/transaction", body)).status == 204
        events = await application.got(20)

    assert [event["data"] for event in events] == [str(number) for number in range(20)]


@needs_daprd
async def test_outbox_is_shared_with_a_daprd(resources: Path, application: Application) -> None:
    """Two replicas of one application, one of them a daprd: either publishes what the other announced."""
    application.subscribe("events", "orders")
    namespace = {"NAMESPACE": "shop"}
    with redis_server() as port:
        host = f"127.0.0.1:{port}"
        outbox = {"outboxPublishPubsub": "events", "outboxPublishTopic": "orders"}
        component(resources, "orders", "state.redis", redisHost=host, redisPassword="", **outbox)
        component(resources, "events", "pubsub.redis", redisHost=host, redisPassword="")
        async with (
            sidecar(resources, app_port=application.port, environment=namespace) as ours,
            daprd(resources, app_port=application.port, environment=namespace) as theirs,
            asyncio.timeout(30),
        ):
            for number in range(12):
                operation = {"operation": "upsert", "request": {"key": "k", "value": f"{number}"}}
                running = (ours, theirs)[number % 2]
                body = json.dumps({"operations": [operation]}).encode()
                assert (await running.call("POST", "/v1.0/state/orders/transaction", body)).status == 204
            events = await application.got(12)
            assert sorted(int(event["data"]) for event in events) == list(range(12))
            kinds = {frozenset(event) for event in events}
        with closing(Redis(port=port)) as redis:
            topics = redis.keys("*outbox")

    assert len(kinds) == 1
    assert topics == [b"shoptest-appordersoutbox"]
