"""
Records what a daprd does with moto: ``DAPRD=/path/to/daprd python -m tests.servers.aws.recorded VERSION``.

It is asked over its HTTP API. Its queues are made when an application subscribes, and looked into after that.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.backends.moto import Moto
from tests.e2e.applications import Application
from tests.e2e.daprds import daprd
from tests.e2e.sidecars import Sidecar, component
from tests.servers.aws.recorded import (
    CALLS,
    DATA,
    FILE,
    QUEUE,
    SECRETS,
    TOPICS,
    entities,
    envelopes,
    prepare,
    properties,
    told,
)


async def record(moto: Moto, folder: Path) -> dict[str, Any]:
    """Let a daprd do everything, and return what came of it."""
    await prepare(moto)
    for name, settings in properties(moto).items():
        component(folder, name, settings.pop("type"), **settings)
    async with Application() as application:
        for name, topic in TOPICS.items():
            application.subscribe(name, topic)
        async with daprd(folder, "app", application.port) as running:
            found = {
                "s3": [await _invoked(running, "s3", call) for call in CALLS],
                "secrets": {name: await _secret(running, "sm", name) for name in (*SECRETS, "bytes")},
                "several": {name: await _secret(running, "several", name) for name in SECRETS},
                "bulk": await _secret(running, "sm", "bulk"),
                "entities": await entities(moto),
            }
            for data in ("x", {"a": 1}):
                await _invoked(running, "queue", {"operation": "create", "data": data})
    async with moto.client("sqs") as client:
        url = (await client.get_queue_url(QueueName=QUEUE))["QueueUrl"]
        answer = await client.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        found["queue"] = [each["Body"] for each in answer["Messages"]]
    async with daprd(folder, "app") as running:
        for name, topic in TOPICS.items():
            path = f"/v1.0/publish/{name}/{topic.replace('/', '%2F')}?metadata.rawPayload=true"
            answer = await running.call("POST", path, DATA.encode())
            assert answer.status == 204, answer.body
    return {**found, "envelopes": await envelopes(moto)}


async def _invoked(running: Sidecar, name: str, call: dict[str, Any]) -> str:
    answer = await running.call("POST", f"/v1.0/bindings/{name}", json.dumps(call).encode())
    if answer.status >= 400:
        _, _, text = answer.json()["message"].partition(f"error invoking output binding {name}: ")
        return f"error: {text}"
    return told(answer.body.decode())


async def _secret(running: Sidecar, store: str, name: str) -> Any:
    return (await running.call("GET", f"/v1.0/secrets/{store}/{name}")).json()


def main() -> None:
    """Write the file, and into it by whom and how it was written."""
    with Moto.running() as moto, tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(record(moto, Path(folder)))
    by = f"daprd {sys.argv[1]}, over its HTTP API, with moto: python -m tests.servers.aws.recorded"
    FILE.write_text(json.dumps({"by": by, **found}, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
