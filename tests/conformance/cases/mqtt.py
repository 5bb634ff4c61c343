"""MQTT: a Mosquitto a case."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from tests.backends.mosquitto import Mosquitto

from .case import BROKERS, Case, Suite, Surroundings

#: It saves what it holds as it does by itself, now and then: nothing kills it here.
OPTIONS: Final = ("allow_anonymous true", "autosave_on_changes false", "autosave_interval 1800")


@asynccontextmanager
async def topics(_folder: Path) -> AsyncIterator[Surroundings]:
    """A broker with topics."""
    with Mosquitto.running(*OPTIONS) as mosquitto:
        yield Surroundings(
            properties={"url": f"mqtt://127.0.0.1:{mosquitto.port}", "consumerID": "conformance-{uuid}"}
        )


@asynccontextmanager
async def topic(_folder: Path) -> AsyncIterator[Surroundings]:
    """A broker, and the topic of a binding."""
    with Mosquitto.running(*OPTIONS) as mosquitto:
        yield Surroundings(
            properties={
                "url": f"mqtt://127.0.0.1:{mosquitto.port}",
                "consumerID": "conformance-{uuid}",
                "topic": "events",
            },
            operations={"create": {"data": "{}"}},
        )


CASES: Final = (
    Case(
        type="pubsub.mqtt3",
        around=topics,
        suites={"": Suite(operations=("bulkpublish", "bulksubscribe"), config=BROKERS)},
    ),
    Case(
        type="bindings.mqtt3",
        around=topic,
        suites={"": Suite(operations=("operations", "create", "read"), config={"readBindingTimeout": "10s"})},
    ),
)
