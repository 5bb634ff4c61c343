"""Redis: a server a case."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from tests.backends.redis import Redis
from tests.programs import needed

from .case import BROKERS, TRANSACTIONS, Case, Suite, Surroundings


@asynccontextmanager
async def server(_folder: Path) -> AsyncIterator[Surroundings]:
    """A Redis, and what writes settings into it."""
    with Redis.running() as redis:
        client = (needed("redis-cli"), "-p", str(redis.port))
        yield Surroundings(
            properties={
                "redisHost": f"127.0.0.1:{redis.port}",
                "consumerID": "conformance",
                "readTimeout": "200ms",
            },
            write=(*client, "set", "{key}", "{value}||1"),
            remove=(*client, "del", "{key}"),
        )


@asynccontextmanager
async def keys(_folder: Path) -> AsyncIterator[Surroundings]:
    """A Redis, and what a binding is to do with a key of it."""
    with Redis.running() as redis:
        asked = {"metadata": {"key": "conformance"}}
        yield Surroundings(
            properties={"redisHost": f"127.0.0.1:{redis.port}"},
            operations={
                "create": {"data": "1", **asked},
                "increment": asked,
                "get": asked,
                "delete": asked,
            },
        )


CASES: Final = (
    Case(
        type="state.redis",
        around=server,
        suites={"": Suite(operations=TRANSACTIONS, config={"badEtag": "999999"})},
    ),
    Case(
        type="pubsub.redis",
        around=server,
        suites={"": Suite(operations=("bulkpublish", "bulksubscribe"), config=BROKERS)},
    ),
    Case(type="configuration.redis", around=server),
    Case(type="lock.redis", around=server),
    Case(
        type="bindings.redis",
        around=keys,
        suites={"": Suite(operations=("operations", "create"), config={"output": {"key": "conformance"}})},
    ),
)
