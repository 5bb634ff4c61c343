"""Azure Service Bus: a double a case."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from tests.backends.servicebus import ServiceBus

from .case import BROKERS, Case, Suite, Surroundings

#: What goes back comes after what came meanwhile.
UNORDERED: Final = {**BROKERS, "checkInOrderProcessing": False}


@asynccontextmanager
async def broker(_folder: Path) -> AsyncIterator[Surroundings]:
    """A namespace that makes what is named."""
    with ServiceBus.running() as bus:
        yield Surroundings(
            properties={
                "connectionString": bus.connection_string(),
                "consumerID": "conformance",
                "disableEntityManagement": "true",
            }
        )


@asynccontextmanager
async def queue(_folder: Path) -> AsyncIterator[Surroundings]:
    """A namespace with one queue."""
    with ServiceBus.running() as bus:
        yield Surroundings(
            properties={
                "connectionString": bus.connection_string(),
                "queueName": "conformance",
                "disableEntityManagement": "true",
            },
            operations={"create": {"data": "x"}},
        )


CASES: Final = (
    *(
        Case(
            type=f"pubsub.azure.servicebus.{kind}",
            around=broker,
            suites={"": Suite(operations=("bulkpublish", "bulksubscribe"), config=UNORDERED)},
        )
        for kind in ("topics", "queues")
    ),
    Case(
        type="bindings.azure.servicebusqueues",
        around=queue,
        suites={"": Suite(operations=("operations", "create", "read"), config={"readBindingTimeout": "10s"})},
    ),
)
