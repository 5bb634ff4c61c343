"""
Records what a daprd asks of Service Bus's administration, and what it makes there.

``DAPRD=/path/to/daprd python -m tests.e2e.recorded.entities VERSION`` writes ``entities.json``: the entities
with what was said of them, and for each the methods of the requests, at the double of tests/backends.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from tests.backends.administration import Administration, path_of
from tests.e2e.applications import Application
from tests.e2e.daprds import daprd
from tests.e2e.sidecars import component

FILE: Final = Path(__file__).parent / "entities.json"
APP_ID: Final = "app"
#: What the components below are to make.
WANTED: Final = {"orders", "orders/subscriptions/app", "jobs", "work"}
_PROPERTIES: Final = {
    "maxDeliveryCount": "7",
    "lockDurationInSec": "90",
    "defaultMessageTimeToLiveInSec": "3600",
    "autoDeleteOnIdleInSec": "300",
}
_SECONDS: Final = 30.0


def write_components(folder: Path, double: Administration) -> None:
    """Write a broker on topics, one on queues, and a binding."""
    given = {"connectionString": double.connection_string(), **_PROPERTIES}
    component(folder, "topics", "pubsub.azure.servicebus.topics", **given)
    component(folder, "queues", "pubsub.azure.servicebus.queues", **given)
    component(folder, "work", "bindings.azure.servicebusqueues", queueName="work", **given)


def subscribe(application: Application) -> None:
    """Want the messages of a topic and of a queue."""
    application.subscribe("topics", "orders")
    application.subscribe("queues", "jobs")


async def made(double: Administration) -> dict[str, Any]:
    """Return what a sidecar made as it started; nobody speaks AMQP there, so nothing is sent or read."""
    await asyncio.to_thread(double.wait_for, WANTED, _SECONDS)
    asked: dict[str, list[str]] = {}
    for request in double.asked:
        url = urlsplit(request.path)
        version = parse_qs(url.query)["api-version"][0]
        methods = asked.setdefault(path_of(request), [])
        if (told := f"{request.method} {version}") not in methods:  # each attempt asks again
            methods.append(told)
    return {"made": double.made(), "asked": asked}


async def record(folder: Path) -> dict[str, Any]:
    """Run a daprd, and return what it did."""
    resources = folder / "resources"
    resources.mkdir()
    with Administration(folder).running() as double:
        write_components(resources, double)
        async with Application() as application:
            subscribe(application)
            async with daprd(resources, APP_ID, application.port, double.environment):
                return await made(double)


def main() -> None:
    """Write the file, and into it by whom and how it was written."""
    with tempfile.TemporaryDirectory() as folder:
        told = asyncio.run(record(Path(folder)))
    by = f"daprd {sys.argv[1]}, at a double: python -m tests.e2e.recorded.entities"
    FILE.write_text(json.dumps({"by": by, **told}, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
