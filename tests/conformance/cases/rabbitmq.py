"""RabbitMQ: a node a case."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from tests.backends.rabbitmq import RabbitMQ

from .case import BROKERS, Case, Suite, Surroundings


@asynccontextmanager
async def topics(_folder: Path) -> AsyncIterator[Surroundings]:
    """A node, and queues that stay when nobody is subscribed."""
    with RabbitMQ.running() as node:
        yield Surroundings(
            properties={
                "connectionString": f"amqp://127.0.0.1:{node.port}",
                "consumerID": "conformance",
                "deletedWhenUnused": "false",
                "requeueInFailure": "true",
                "concurrencyMode": "single",
            }
        )


@asynccontextmanager
async def queue(_folder: Path) -> AsyncIterator[Surroundings]:
    """A node with one queue."""
    with RabbitMQ.running() as node:
        yield Surroundings(
            properties={"host": f"amqp://127.0.0.1:{node.port}", "queueName": "queue1", "durable": "true"},
            operations={"create": {"data": "x"}},
        )


CASES: Final = (
    Case(
        type="pubsub.rabbitmq",
        around=topics,
        suites={"": Suite(operations=("bulkpublish", "bulksubscribe"), config=BROKERS)},
    ),
    Case(
        type="bindings.rabbitmq",
        around=queue,
        suites={"": Suite(operations=("operations", "create", "read"), config={"readBindingTimeout": "10s"})},
    ),
)
