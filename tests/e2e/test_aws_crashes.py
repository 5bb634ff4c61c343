"""Sidecars killed with messages of SQS in hand: every message reaches the application in the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.backends.moto import Moto
from tests.e2e.applications import Application
from tests.e2e.sidecars import component, sidecar
from tests.servers.aws.broker import linked

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("aws")]

MESSAGES = 200
KILLS = 3
LONGEST_SECONDS = 200.0


@pytest.fixture
def moto() -> Iterator[Moto]:
    with Moto.running() as server:
        yield server


@pytest.fixture(autouse=True)
async def in_time() -> AsyncIterator[None]:
    """What a killed one had in hand is hidden for a while: this takes longer than other tests have."""
    loop = asyncio.get_running_loop()
    late = loop.call_later(LONGEST_SECONDS, lambda: [task.cancel() for task in asyncio.all_tasks(loop)])
    yield
    late.cancel()


async def test_killed_sidecar_loses_nothing(resources: Path, moto: Moto, application: Application) -> None:
    quick = {"messageVisibilityTimeout": "3", "messageWaitTimeSeconds": "1", "messageRetryLimit": "100"}
    component(resources, "events", "pubsub.aws.snssqs", consumerID="killed", **quick, **moto.properties)
    application.subscribe("events", "orders")
    async with sidecar(resources, app_id="app", app_port=application.port):
        await linked(moto, "killed")
    async with sidecar(resources, app_id="other") as publisher:
        for number in range(MESSAGES):
            answer = await publisher.call("POST", "/v1.0/publish/events/orders", b"%d" % number)
            assert answer.status == 204, answer.body
    for kill in range(KILLS):
        application.may_answer.clear()
        async with sidecar(resources, app_id="app", app_port=application.port) as killed:
            await application.got(len(application.events) + 1)  # in hand, and nobody answers it
            killed.process.kill()
            await killed.process.wait()
        application.may_answer.set()
        async with sidecar(resources, app_id="app", app_port=application.port) as killed:
            await application.got(len(application.events) + 20)
            killed.process.kill()
            await killed.process.wait()
            assert not any(moto.properties[key] in killed.log() for key in ("accessKey", "secretKey"))
        assert len(application.handled) < MESSAGES, f"nothing was left at kill {kill}"
    async with sidecar(resources, app_id="app", app_port=application.port), asyncio.timeout(90):
        while len(application.handled) < MESSAGES:
            await application.got(len(application.events) + 1)

    assert application.handled == {str(number) for number in range(MESSAGES)}
