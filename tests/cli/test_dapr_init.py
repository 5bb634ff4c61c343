"""The components that ``dapr init`` writes into ``~/.dapr``, used as they are."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio

from tests.cli.commands import pluggable
from tests.servers.running import redis_server

COMPONENT = """\
apiVersion: dapr.io/v1alpha1
kind: Component
metadata:
  name: {name}
spec:
  type: {type}
  version: v1
  metadata:
  - name: redisHost
    value: localhost:{port}
  - name: redisPassword
    value: ""
"""
ACTORS = '  - name: actorStateStore\n    value: "true"\n'
#: Saves a state and publishes a message.
CALLS = """\
import os, urllib.request
api = f"http://127.0.0.1:{os.environ['DAPR_HTTP_PORT']}/v1.0"
calls = {"/state/statestore": b'[{"key": "k", "value": 1}]', "/publish/pubsub/orders": b'{"id": 7}'}
for path, body in calls.items():
    request = urllib.request.Request(api + path, body, {"Content-Type": "application/json"})
    print("answer", urllib.request.urlopen(request).status)
"""


@pytest.mark.slow
async def test_components_of_dapr_init_work(tmp_path: Path) -> None:
    folder = tmp_path / ".dapr" / "components"
    folder.mkdir(parents=True)
    with redis_server() as port:
        store = COMPONENT.format(name="statestore", type="state.redis", port=port)
        (folder / "statestore.yaml").write_text(store + ACTORS)
        (folder / "pubsub.yaml").write_text(COMPONENT.format(name="pubsub", type="pubsub.redis", port=port))
        command = ("run", "-a", "shop", "--", "sh", "-c", shlex.join([sys.executable, "-c", CALLS]))
        async with pluggable(*command, cwd=tmp_path) as run:
            assert await run.ended() == 0, run.log()

        async with redis.asyncio.Redis(port=port) as bare:
            assert await bare.hgetall("shop||k") == {b"data": b"1", b"version": b"1"}
            entries: Any = await bare.xrange("orders")
            assert [json.loads(fields[b"data"])["data"] for _, fields in entries] == [{"id": 7}]
