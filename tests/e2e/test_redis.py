"""Redis behind a sidecar: passwords that rotate, consumers that are killed, messages that are poisoned."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from aiohttp import web

from tests.backends.redis import Redis
from tests.e2e.applications import Application
from tests.e2e.processes import Ending
from tests.e2e.sidecars import Sidecar, component, sidecar

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("redis-e2e")]

STORE = """\
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: {{name: orders}}
spec:
  type: state.redis
  version: v1
  metadata:
  - {{name: redisHost, value: "127.0.0.1:{port}"}}
  - {{name: redisUsername, value: orders}}
  - {{name: redisPassword, secretKeyRef: {{name: {secret}, key: {secret}}}}}
auth: {{secretStore: vault}}
"""
BODY = b'[{"key": "k", "value": 1}]'


class Choosy(Application):
    """Fails on what is poisoned, unless it comes as a dead letter."""

    def __init__(self) -> None:
        super().__init__()
        self.letters: list[str] = []
        """The data of the dead letters."""

    async def _event(self, request: web.Request) -> web.Response:
        data: str = (await request.json())["data"]
        if "dead" in request.query:  # which says orders for its topic, as it did before
            self.letters.append(data)
        elif data == "poison":
            return web.Response(status=500)
        answer = await super()._event(request)
        async with self._news:
            self._news.notify_all()
        return answer

    async def has_handled(self, wanted: set[str]) -> None:
        """Wait until these are the events that were answered."""
        async with self._news:
            await self._news.wait_for(lambda: self.handled == wanted)


async def test_rotated_password_is_picked_up(resources: Path, tmp_path: Path) -> None:
    secrets = tmp_path / "secrets.json"
    secrets.write_text(json.dumps({"old": "first-secret", "new": "second-secret"}))
    component(resources, "vault", "secretstores.local.file", secretsFile=str(secrets))
    with Redis.running() as server, redis.Redis(port=server.port) as bare:
        rights: dict[str, Any] = {"enabled": True, "keys": "*", "channels": ["*"], "commands": ["+@all"]}
        bare.acl_setuser("orders", passwords=["+first-secret"], **rights)
        store = resources / "orders.yaml"
        store.write_text(STORE.format(port=server.port, secret="old"))
        async with sidecar(resources) as running:
            assert (await running.call("POST", "/v1.0/state/orders", BODY)).status == 204
            bare.acl_setuser("orders", enabled=True, passwords=["-first-secret", "+second-secret"])
            bare.client_kill_filter(_type="normal", skipme=True)
            refused = await running.call("POST", "/v1.0/state/orders", BODY)
            assert refused.status >= 400
            assert b"check redisUsername and redisPassword" in refused.body

            since = len(running.lines)
            store.write_text(STORE.format(port=server.port, secret="new"))
            await running.said("Component loaded: orders", since=since)

            assert (await running.call("POST", "/v1.0/state/orders", BODY)).status == 204
            assert "first-secret" not in running.log()
            assert "second-secret" not in running.log()


@pytest.fixture
async def choosy() -> AsyncIterator[Choosy]:
    """An application that takes orders, and their dead letters."""
    async with Choosy() as application:
        application.subscriptions.append(
            {"pubsubname": "broker", "topic": "orders", "route": "/events", "deadLetterTopic": "dead"}
        )
        application.subscriptions.append(
            {"pubsubname": "broker", "topic": "dead", "route": "/events?dead=yes"}
        )
        yield application


@pytest.fixture
def broker(resources: Path) -> Iterator[Redis]:
    """A Redis that the resources have as a broker."""
    with Redis.running("--appendonly", "yes", "--appendfsync", "always") as server:
        times = {"processingTimeout": "1s", "redeliverInterval": "500ms"}
        component(resources, "broker", "pubsub.redis", redisHost=f"127.0.0.1:{server.port}", **times)
        yield server


async def publish(running: Sidecar, *orders: str) -> None:
    for order in orders:
        body, headers = json.dumps(order).encode(), {"Content-Type": "application/json"}
        answer = await running.call("POST", "/v1.0/publish/broker/orders", body, headers)
        assert answer.status == 204, answer.body


async def in_hand(running: Sidecar, application: Choosy) -> None:
    """Let the application have three orders before it, none of them answered."""
    application.may_answer.clear()
    await publish(running, "1", "2", "3")
    await application.got(3)
    assert application.handled == set()


async def comes_again(running: Sidecar, application: Choosy, server: Redis) -> None:
    """See that what was in hand is handled, that poison becomes a dead letter, and that nothing is left."""
    application.may_answer.set()
    await publish(running, "poison", "4")
    await application.has_handled({"1", "2", "3", "4", "poison"})
    assert application.letters == ["poison"]
    with redis.Redis(port=server.port) as bare:
        async with asyncio.timeout(20):
            while True:
                if not bare.xpending("orders", "test-app")["pending"]:
                    break
                await asyncio.sleep(0.05)  # the acknowledgement follows the answer


async def test_message_in_hand_comes_again_when_the_component_is_killed(
    resources: Path, choosy: Choosy, broker: Redis
) -> None:
    async with sidecar(resources, app_port=choosy.port) as running:
        await in_hand(running, choosy)
        ending = Ending(killed := running.child("redis"))
        os.kill(killed, signal.SIGKILL)
        await ending.wait()
        await choosy.got(6)

        await comes_again(running, choosy, broker)


async def test_message_in_hand_comes_again_when_the_sidecar_is_killed(
    resources: Path, choosy: Choosy, broker: Redis
) -> None:
    async with sidecar(resources, app_port=choosy.port) as running:
        await in_hand(running, choosy)
        running.process.kill()
        await running.ended()
    async with sidecar(resources, app_port=choosy.port) as running:
        await choosy.got(6)

        await comes_again(running, choosy, broker)
