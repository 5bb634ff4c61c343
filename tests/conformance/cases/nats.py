"""NATS: a server with a stream that takes every topic of the suites."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from tests.backends.nats import NATS

from .case import BROKERS, Case, Suite, Surroundings


@asynccontextmanager
async def stream(_folder: Path) -> AsyncIterator[Surroundings]:
    """A server with one stream."""
    with NATS.running() as nats:
        async with nats.streams() as streams:
            await streams.add_stream(name="conformance", subjects=["*"])
        yield Surroundings(properties={"natsURL": f"nats://127.0.0.1:{nats.port}", "ackWait": "2s"})


CASES: Final = (
    Case(
        type="pubsub.jetstream",
        around=stream,
        suites={"": Suite(operations=("bulkpublish", "bulksubscribe"), config=BROKERS)},
    ),
)
