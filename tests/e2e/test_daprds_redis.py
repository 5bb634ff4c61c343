"""Locks and settings in one Redis that a daprd and ours share."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.e2e.daprds import daprd, needs_daprd
from tests.e2e.sidecars import Sidecar, sidecar
from tests.servers.running import redis_server

pytestmark = [needs_daprd, pytest.mark.slow]

COMPONENTS = """\
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: {{name: {name}}}
spec:
  type: {type}
  version: v1
  metadata:
  - {{name: redisHost, value: "127.0.0.1:{port}"}}
  {prefix}
"""
STORES = {
    "locks": ("lock.redis", ""),
    "named": ("lock.redis", "- {name: keyPrefix, value: name}"),
    "odd": ("lock.redis", '- {name: keyPrefix, value: ""}'),
    "settings": ("configuration.redis", ""),
}
KEYS = {"locks": "lock||app||r", "named": "lock||named||r", "odd": "lock||||r"}
SETTINGS = {"a": "1||v1", "b": "x||", "c": "y||z||w", "e": "", "f": "plain", "g": "||v1"}


@pytest.fixture
def port(resources: Path) -> Iterator[int]:
    """The port of a Redis server that the components of the resources are at."""
    with redis_server() as port:
        for name, (type_, prefix) in STORES.items():
            text = COMPONENTS.format(name=name, type=type_, port=port, prefix=prefix)
            (resources / f"{name}.yaml").write_text(text)
        yield port


async def post(running: Sidecar, path: str, **body: Any) -> Any:
    answer = await running.call("POST", f"/v1.0-alpha1/{path}", json.dumps(body).encode())
    return answer.status, answer.json()


async def test_each_respects_the_others_locks(resources: Path, port: int) -> None:
    mine, taken = {"resourceId": "r", "lockOwner": "me"}, {"expiryInSeconds": 60}
    async with daprd(resources, "app") as theirs, sidecar(resources, app_id="app") as ours:
        for first, second in ((theirs, ours), (ours, theirs)):
            for store, key in KEYS.items():
                assert await post(first, f"lock/{store}", **mine, **taken) == (200, {"success": True})
                with redis.Redis(port=port) as bare:
                    assert bare.get(key) == b"me"
                other = {**mine, "lockOwner": "you"}
                assert await post(second, f"lock/{store}", **other, **taken) == (200, {"success": False})
                assert await post(second, f"unlock/{store}", **other) == (200, {"status": 2})
                assert await post(second, f"unlock/{store}", **mine) == (200, {"status": 0})
                assert await post(first, f"unlock/{store}", **mine) == (200, {"status": 1})


@pytest.mark.parametrize("query", ["", "?key=a&key=b&key=c&key=e&key=g&key=list&key=no", "?key=no"])
async def test_both_read_settings_alike(resources: Path, port: int, query: str) -> None:
    with redis.Redis(port=port) as bare:
        bare.mset(SETTINGS)
        bare.rpush("list", "1")
    path = f"/v1.0/configuration/settings{query}"
    async with daprd(resources, "app") as theirs, sidecar(resources, app_id="app") as ours:
        wanted, found = await theirs.call("GET", path), await ours.call("GET", path)

    assert (found.status, found.body) == (wanted.status, wanted.body.rstrip())
