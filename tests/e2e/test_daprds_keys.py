"""Keys in Redis and in memcached that a daprd and ours share."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.backends.memcached import Memcached, ask
from tests.e2e.daprds import daprd, needs_daprd
from tests.e2e.sidecars import Sidecar, sidecar
from tests.servers.running import redis_server

pytestmark = [needs_daprd, pytest.mark.slow, pytest.mark.xdist_group("memcached")]

COMPONENT = """\
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: {{name: {name}}}
spec:
  type: {type}
  version: v1
  metadata:
  - {{name: {field}, value: "127.0.0.1:{port}"}}
"""
#: What a daprd answers to who asks for a key that is not there, and what ours does.
NOTHING = [(200, b""), (204, b"")]
VALUES = ["text", {"a": [1, True, None]}, 7]


def component(resources: Path, name: str, type_: str, field: str, port: int) -> None:
    text = COMPONENT.format(name=name, type=type_, field=field, port=port)
    (resources / f"{name}.yaml").write_text(text)


@pytest.fixture
def memcached(resources: Path) -> Iterator[int]:
    """The port of a memcached that the store of the resources is at."""
    with Memcached.running() as server:
        component(resources, "store", "state.memcached", "hosts", server.port)
        yield server.port


@pytest.fixture
def port(resources: Path) -> Iterator[int]:
    """The port of a Redis server that the binding of the resources is at."""
    with redis_server() as port:
        component(resources, "keys", "bindings.redis", "redisHost", port)
        yield port


async def state(running: Sidecar, method: str, path: str = "", body: Any = None) -> bytes:
    data = None if body is None else json.dumps(body).encode()
    answer = await running.call(method, f"/v1.0/state/store{path}", data)
    assert answer.status in {200, 204}, answer.body
    return answer.body


async def invoke(running: Sidecar, operation: str, data: Any = None, **metadata: str) -> tuple[int, bytes]:
    body = json.dumps({"operation": operation, "data": data, "metadata": metadata}).encode()
    answer = await running.call("POST", "/v1.0/bindings/keys", body)
    return answer.status, answer.body


async def test_each_reads_the_others_values_in_memcached(resources: Path, memcached: int) -> None:
    async with daprd(resources, "app") as theirs, sidecar(resources, app_id="app") as ours:
        for first, second in ((theirs, ours), (ours, theirs)):
            stored = []
            for number, value in enumerate(VALUES):
                await state(first, "POST", body=[{"key": f"k{number}", "value": value}])
                stored.append(ask(memcached, b"get app||k%d\r\n" % number))
                assert json.loads(await state(second, "GET", f"/k{number}")) == value
            for number, value in enumerate(VALUES):
                await state(second, "POST", body=[{"key": f"k{number}", "value": value}])
                assert ask(memcached, b"get app||k%d\r\n" % number) == stored[number]
            await state(second, "DELETE", "/k0")
            assert await state(first, "GET", "/k0") == b""


@pytest.mark.parametrize(("life", "most"), [("60", 60), ("5184000", 5184000), ("-1", -1)])
async def test_both_give_values_in_memcached_the_same_life(
    resources: Path, memcached: int, life: str, most: int
) -> None:
    item = {"key": "k", "value": 1, "metadata": {"ttlInSeconds": life}}
    async with daprd(resources, "app") as theirs, sidecar(resources, app_id="app") as ours:
        for running in (theirs, ours):
            await state(running, "POST", body=[item])

            left = int(ask(memcached, b"mg app||k t\r\n").split(b"t")[1])
            assert most - 20 <= left <= most + 2


async def test_each_reads_the_others_keys_by_the_binding(resources: Path, port: int) -> None:
    async with daprd(resources, "app") as theirs, sidecar(resources, app_id="app") as ours:
        with redis.Redis(port=port) as bare:
            for first, second in ((theirs, ours), (ours, theirs)):
                for value in VALUES:
                    assert await invoke(first, "create", value, key="k", ttlInSeconds="60") == (204, b"")
                    assert 50 < bare.ttl("k") <= 60
                    stored = bare.get("k")
                    assert await invoke(second, "create", value, key="k") == (204, b"")
                    assert bare.get("k") == stored
                    assert bare.ttl("k") == -1
                    assert await invoke(first, "get", key="k") == await invoke(second, "get", key="k")
                assert await invoke(first, "increment", key="n") == (204, b"")
                assert await invoke(second, "increment", key="n") == (204, b"")
                assert await invoke(first, "get", key="n", delete="true") == (200, b"2")
                assert await invoke(second, "get", key="n") in NOTHING
                assert await invoke(second, "delete", key="k") == (204, b"")
                assert await invoke(first, "get", key="k") in NOTHING


@pytest.mark.usefixtures("port")
async def test_both_refuse_a_request_without_a_key(resources: Path) -> None:
    async with daprd(resources, "app") as theirs, sidecar(resources, app_id="app") as ours:
        for running in (theirs, ours):
            status, body = await invoke(running, "get")

            assert status == 500
            assert b"missing key in request metadata" in body
