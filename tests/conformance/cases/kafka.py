"""Kafka: a broker a case."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from tests.backends.kafka import Kafka

from .case import BROKERS, Case, Suite, Surroundings

OPERATIONS: Final = {"create": {"data": "x", "metadata": {"partitionKey": "k"}}}


@asynccontextmanager
async def server(_folder: Path) -> AsyncIterator[Surroundings]:
    """A Kafka."""
    with Kafka.running() as kafka:
        yield Surroundings(
            properties={
                "brokers": kafka.address,
                "authType": "none",
                "consumerGroup": "conformance",
                "initialOffset": "oldest",
                # Repeated without end, a rejected message would stop what is behind it in its partition.
                "backOffDuration": "50ms",
                "backOffMaxRetries": "2",
                "publishTopic": "conformance",
                "topics": "conformance",
            },
            operations=OPERATIONS,
            wait_seconds=20,
        )


CASES: Final = (
    Case(
        type="pubsub.kafka",
        around=server,
        suites={"": Suite(operations=("bulkpublish", "bulksubscribe"), config=BROKERS)},
    ),
    Case(
        type="bindings.kafka", around=server, suites={"": Suite(operations=("operations", "create", "read"))}
    ),
)
