"""Topics, queues, a bucket and secrets that a daprd and ours share, in one moto."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.backends.moto import Moto
from tests.e2e.applications import Application
from tests.e2e.daprds import daprd, needs_daprd
from tests.e2e.sidecars import Sidecar, component, sidecar
from tests.servers.aws.broker import linked
from tests.servers.aws.recorded import CALLS, told
from tests.web import listening

pytestmark = [needs_daprd, pytest.mark.slow, pytest.mark.xdist_group("aws")]

LONGEST_SECONDS = 150.0
SECRET = '{"a":"x","n":5,"f":1.50,"w":2.0,"o":{"z":[1,"<&>"],"a":{}}}'


@pytest.fixture(scope="module")
def moto() -> Iterator[Moto]:
    with Moto.running() as server:
        yield server


@pytest.fixture(autouse=True)
async def in_time() -> AsyncIterator[None]:
    """What waits for messages to be visible again takes longer than the other tests have."""
    loop = asyncio.get_running_loop()
    late = loop.call_later(LONGEST_SECONDS, lambda: [task.cancel() for task in asyncio.all_tasks(loop)])
    yield
    late.cancel()


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """The name of the test's queue and bucket."""
    return "t" + str(abs(hash(request.node.nodeid)) % 10**8)


async def publish(running: Sidecar, topic: str, data: str) -> None:
    answer = await running.call("POST", f"/v1.0/publish/events/{topic}", data.encode())
    assert answer.status == 204, answer.body


@pytest.mark.parametrize("fifo", ["false", "true"])
async def test_each_delivers_what_the_other_published(
    resources: Path, moto: Moto, name: str, application: Application, fifo: str
) -> None:
    quick = {"messageVisibilityTimeout": "2", "messageWaitTimeSeconds": "1", "fifo": fifo}
    component(resources, "events", "pubsub.aws.snssqs", consumerID=name, **quick, **moto.properties)
    topic = f"{name}.orders"
    application.subscribe("events", topic)
    async with daprd(resources, "app", application.port) as theirs:
        await publish(theirs, topic, "theirs to theirs")
        await application.got(1)
    # Topic, queue and policy stay, so ours finds them.
    async with sidecar(resources, app_id="app", app_port=application.port) as ours:
        async with daprd(resources, "other") as theirs:
            await publish(theirs, topic, "theirs to ours")
        await publish(ours, topic, "ours to ours")
        await application.got(3)
    async with daprd(resources, "app", application.port), sidecar(resources, app_id="other") as ours:
        await publish(ours, topic, "ours to theirs")
        events = await application.got(4)

    assert {event["data"] for event in events} == {
        "theirs to theirs",
        "theirs to ours",
        "ours to ours",
        "ours to theirs",
    }
    async with moto.client("sns") as sns:
        links = (await sns.list_subscriptions())["Subscriptions"]
    assert len([each for each in links if name in each["Endpoint"]]) == 1


async def test_daprd_finds_what_ours_made(
    resources: Path, moto: Moto, name: str, application: Application
) -> None:
    quick = {"messageVisibilityTimeout": "2", "messageWaitTimeSeconds": "1"}
    dead = {"sqsDeadLettersQueueName": f"{name}-dead", "messageReceiveLimit": "3"}
    component(resources, "events", "pubsub.aws.snssqs", consumerID=name, **quick, **dead, **moto.properties)
    application.subscribe("events", name)
    async with sidecar(resources, app_id="app", app_port=application.port) as ours:
        await linked(moto, name)
        await publish(ours, name, "ours")
        await application.got(1)
    async with daprd(resources, "app", application.port) as theirs:
        await publish(theirs, name, "theirs")
        events = await application.got(2)

    assert [event["data"] for event in events] == ["ours", "theirs"]


class Worker:
    """An application that has an input binding: it remembers what it was sent."""

    def __init__(self) -> None:
        self.bodies: asyncio.Queue[bytes] = asyncio.Queue()

    @asynccontextmanager
    async def serving(self, route: str) -> AsyncIterator[int]:
        application = web.Application()
        application.router.add_route("*", f"/{route}", self._take)
        async with listening(application) as port:
            yield port

    async def _take(self, request: web.Request) -> web.Response:
        if request.method == "POST":
            self.bodies.put_nowait(await request.read())
        return web.Response()

    async def next(self) -> bytes:
        async with asyncio.timeout(60):
            return await self.bodies.get()


async def test_queue_is_read_and_written_alike(resources: Path, moto: Moto, name: str) -> None:
    async with moto.client("sqs") as sqs:
        await sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "2"})
    component(resources, "work", "bindings.aws.sqs", queueName=name, **moto.properties)
    quiet = resources.parent / "quiet"
    quiet.mkdir()
    only = {"queueName": name, "direction": "output", **moto.properties}
    component(quiet, "work", "bindings.aws.sqs", **only)
    worker = Worker()
    call = {"operation": "create", "data": {"a": "ü<"}}

    async def send(running: Sidecar) -> None:
        answer = await running.call("POST", "/v1.0/bindings/work", json.dumps(call).encode())
        assert answer.status in (200, 204), answer.body

    found = []
    async with worker.serving("work") as port, daprd(quiet, "q") as theirs, sidecar(quiet) as ours:
        for reader in (daprd(resources, "app", port), sidecar(resources, app_id="app", app_port=port)):
            async with reader:
                for running in (theirs, ours):
                    await send(running)
                    found.append(await worker.next())

    assert found == [found[0]] * 4
    assert json.loads(found[0]) == call["data"]


async def test_bucket_answers_alike(resources: Path, moto: Moto, name: str) -> None:
    async with moto.client("s3") as s3:
        for bucket in ("theirs", "ours"):
            await s3.create_bucket(Bucket=f"{name}-{bucket}")
        folders = {}
        for bucket in ("theirs", "ours"):
            folders[bucket] = resources / bucket
            folders[bucket].mkdir()
            given = {"bucket": f"{name}-{bucket}", "forcePathStyle": "true", **moto.properties}
            component(folders[bucket], "s3", "bindings.aws.s3", **given)
        async with daprd(folders["theirs"], "app") as theirs, sidecar(folders["ours"], app_id="app") as ours:
            for call in CALLS:
                wanted, found = await _asked(theirs, call), await _asked(ours, call)
                assert found.replace(f"{name}-ours", f"{name}-theirs").replace(": none", "") == wanted, call
        for key in ("k1", "dir/k 2", "k3"):
            wanted_head, found_head = [
                await s3.head_object(Bucket=f"{name}-{bucket}", Key=key) for bucket in ("theirs", "ours")
            ]
            for shown in ("ContentType", "ContentLength", "ETag", "ChecksumCRC32"):
                assert found_head.get(shown) == wanted_head.get(shown), (key, shown)


async def _asked(running: Sidecar, call: dict[str, Any]) -> str:
    answer = await running.call("POST", "/v1.0/bindings/s3", json.dumps(call).encode())
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return f"{answer.status} {headers.get('metadata.key')} {told(answer.body.decode().rstrip())}"


@pytest.mark.parametrize("several", ["false", "true"])
async def test_secrets_are_the_same(resources: Path, moto: Moto, name: str, several: str) -> None:
    async with moto.client("secretsmanager") as client:
        await client.create_secret(Name=name, SecretString=SECRET)
        await client.create_secret(Name=f"{name}-bytes", SecretBinary=b"x")
    given = {"multipleKeyValuesPerSecret": several, **moto.properties}
    component(resources, "sm", "secretstores.aws.secretmanager", **given)
    async with daprd(resources, "app") as theirs, sidecar(resources, app_id="app") as ours:
        for path in (name, f"{name}-bytes", "bulk"):
            wanted, found = [
                await running.call("GET", f"/v1.0/secrets/sm/{path}") for running in (theirs, ours)
            ]
            assert (found.status, found.json()) == (wanted.status, wanted.json()), path
