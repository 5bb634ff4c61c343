"""Topics of one Kafka that a daprd and ours share: records, keys, partitions and groups."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiokafka import AIOKafkaConsumer, ConsumerRecord
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from tests.backends.kafka import Kafka
from tests.e2e.daprds import daprd, needs_daprd
from tests.e2e.sidecars import Sidecar, sidecar
from tests.web import listening

pytestmark = [needs_daprd, pytest.mark.slow, pytest.mark.xdist_group("kafka")]

COMPONENTS = """\
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: {{name: {name}}}
spec:
  type: {type}
  version: v1
  metadata:
  - {{name: brokers, value: "{address}"}}
  - {{name: authType, value: none}}
  - {{name: publishTopic, value: orders}}
  - {{name: direction, value: output}}
"""
TOPIC, PARTITIONS = "orders", 7
KEYS = ("a", "b", "order-1", "order-2", "ü", "")


@pytest.fixture
def kafka(resources: Path) -> Iterator[Kafka]:
    """A Kafka that the components of the resources are at."""
    with Kafka.running() as server:
        for name, type_ in (("events", "pubsub.kafka"), ("calls", "bindings.kafka")):
            text = COMPONENTS.format(name=name, type=type_, address=server.address)
            (resources / f"{name}.yaml").write_text(text)
        yield server


async def made(address: str) -> None:
    """Make the topic with its partitions."""
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(TOPIC, PARTITIONS, 1)])
    finally:
        await admin.close()


async def published(by: Sidecar, path: str, body: bytes) -> None:
    answer = await by.call("POST", path, body)
    assert answer.status in (200, 204), answer.body


async def records(address: str, count: int) -> list[ConsumerRecord]:
    """The records of the topic, as they came."""
    async with (
        AIOKafkaConsumer(TOPIC, bootstrap_servers=address, auto_offset_reset="earliest") as consumer,
        asyncio.timeout(30),
    ):
        return [await consumer.getone() for _ in range(count)]


def seen(record: ConsumerRecord) -> Any:
    """What has to be alike; each request has a trace of its own."""
    headers = {name: b"" if name == "traceparent" else value for name, value in record.headers}
    return record.partition, record.key, record.value, headers


async def test_both_write_the_same_records(resources: Path, kafka: Kafka) -> None:
    await made(kafka.address)
    written = []
    async with daprd(resources, "app") as theirs, sidecar(resources, app_id="app") as ours:
        for by in (theirs, ours):
            for key in KEYS:
                query = f"metadata.rawPayload=true&metadata.partitionKey={key.replace('ü', '%C3%BC')}"
                await published(by, f"/v1.0/publish/events/{TOPIC}?{query}", b'{"n":1}')
                call = {"operation": "create", "data": {"n": 1}, "metadata": {"partitionKey": key}}
                await published(by, "/v1.0/bindings/calls", json.dumps(call).encode())
            for number in ("0", "6"):
                query = f"metadata.rawPayload=true&metadata.partitionNumber={number}"
                await published(by, f"/v1.0/publish/events/{TOPIC}?{query}", b"null")
            written.append(2 * len(KEYS) + 2)
    found = await records(kafka.address, sum(written))
    by_partition: dict[int, list[Any]] = {}
    for record in found:
        by_partition.setdefault(record.partition, []).append(seen(record))

    # Each partition has first what daprd put there, then the same again from ours.
    for each in by_partition.values():
        half = len(each) // 2
        assert each[:half] == each[half:]


@pytest.mark.usefixtures("kafka")
async def test_one_group_goes_on_where_the_other_was(resources: Path) -> None:
    came: asyncio.Queue[Any] = asyncio.Queue()

    async def take(request: web.Request) -> web.Response:
        if request.path == "/dapr/subscribe":
            return web.json_response([{"pubsubname": "events", "topic": TOPIC, "route": "/take"}])
        if request.path == "/take":
            event = await request.json()
            came.put_nowait((event["data"], request.headers.get("__key")))
        return web.Response()

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", take)
    async with listening(app) as port:
        for turn in range(4):
            # Who has just begun to consume: nothing handled before comes again, nothing is passed over.
            run = sidecar if turn % 2 else daprd
            async with run(resources, app_id="app", app_port=port) as running:
                if turn == 0:
                    await settled(running, came)
                for number in range(3):
                    query = f"metadata.partitionKey=key-{number}"
                    await published(running, f"/v1.0/publish/events/{TOPIC}?{query}", b"[%d]" % turn)
                async with asyncio.timeout(40):
                    found = [await came.get() for _ in range(3)]
                await asyncio.sleep(1.5)  # daprd commits each second, and tells nobody

            assert sorted(found) == [(f"[{turn}]", f"key-{number}") for number in range(3)]
            assert came.empty()


async def settled(running: Sidecar, came: asyncio.Queue[Any]) -> None:
    """Publish until something arrives: a new group of daprd's begins at what comes after it has joined."""
    async with asyncio.timeout(60):
        while came.empty():
            await published(running, f"/v1.0/publish/events/{TOPIC}", b'"hello"')
            await asyncio.sleep(0.5)
        await asyncio.sleep(1)
        while not came.empty():
            came.get_nowait()
