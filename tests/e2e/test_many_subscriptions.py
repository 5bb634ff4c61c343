"""A thousand subscriptions in one sidecar."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from pluggable import transport
from pluggable._proto.dapr.proto.runtime.v1 import pubsub_pb2 as pb
from tests.e2e.sidecars import READY, component, sidecar
from tests.web import listening

TOPICS = 1000
PUBLISH = "/dapr.proto.runtime.v1.Dapr/PublishEvent"
#: Half of the subscriptions are declared, the others are asked for.
DECLARED = range(0, TOPICS, 2)
ASKED = range(1, TOPICS, 2)


class Mailboxes:
    """An application with a route for each topic, which counts what came where."""

    def __init__(self) -> None:
        self.got: Counter[tuple[str, str, str]] = Counter()
        self._all = asyncio.Event()

    @asynccontextmanager
    async def served(self) -> AsyncIterator[int]:
        app = web.Application()
        app.router.add_get("/dapr/subscribe", self._subscribe)
        app.router.add_post("/mail/{topic}", self._event)
        async with listening(app) as port:
            yield port

    async def all_got(self, number: int, seconds: float) -> None:
        async with asyncio.timeout(seconds):
            while self.got.total() < number:
                self._all.clear()
                await self._all.wait()

    async def _subscribe(self, _: web.Request) -> web.Response:
        return web.json_response(
            [{"pubsubname": "events", "topic": f"t{n}", "route": f"/mail/t{n}"} for n in ASKED]
        )

    async def _event(self, request: web.Request) -> web.Response:
        event = await request.json()
        self.got[request.match_info["topic"], event["topic"], event["data"]] += 1
        self._all.set()
        return web.Response()


@pytest.mark.slow
async def test_each_message_reaches_its_own_subscription(resources: Path) -> None:
    component(resources, "events", "pubsub.in-memory")
    declared = "---\n".join(
        "apiVersion: dapr.io/v2alpha1\nkind: Subscription\n"
        f"metadata: {{name: s{n}}}\n"
        f"spec: {{pubsubname: events, topic: t{n}, routes: {{default: /mail/t{n}}}}}\n"
        for n in DECLARED
    )
    (resources / "subscriptions.yaml").write_text(declared)
    mailboxes = Mailboxes()
    async with mailboxes.served() as port, sidecar(resources, app_port=port, wait=False) as running:
        await running.said(READY, seconds=30)
        async with transport.channel(f"127.0.0.1:{running.grpc_port}") as channel:
            await channel.connect(5)

            async def publish(n: int) -> None:
                request = pb.PublishEventRequest(pubsub_name="events", topic=f"t{n}", data=f"d{n}".encode())
                await channel.unary(PUBLISH, request.SerializeToString(), timeout=30)

            for _ in range(2):
                await asyncio.gather(*map(publish, range(TOPICS)))
        await mailboxes.all_got(2 * TOPICS, 30)

        assert mailboxes.got == {(f"t{n}", f"t{n}", f"d{n}"): 2 for n in range(TOPICS)}
        listed = (await running.call("GET", "/v1.0/metadata")).json()["subscriptions"]
        assert len(listed) == TOPICS
