"""A pool whose connections are all in use: who comes next waits, in bounded number and for a bounded time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, Final

import asyncpg
import pytest

from pluggable.errors import LimitExceededError, TimedOutError
from pluggable_servers.postgresql.binding import PostgreSQLBinding
from pluggable_servers.sql import pool
from tests.backends.postgresql import PostgreSQL
from tests.servers.statements import binding, run

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("postgresql")]

#: Is answered when nobody has the gate.
PASS: Final = "SELECT 1 FROM (SELECT pg_advisory_xact_lock_shared(7)) AS gate"
AT_THE_GATE: Final = """
    SELECT count(*) FROM pg_locks, pg_database
    WHERE locktype = 'advisory' AND NOT granted AND database = oid AND datname = current_database()
"""


@pytest.fixture
async def gate(postgresql: PostgreSQL, database: str) -> AsyncIterator[Any]:
    """A connection that keeps the gate shut until it is told otherwise."""
    held = await asyncpg.connect(postgresql.url(database))
    await held.execute("SELECT pg_advisory_lock(7)")
    yield held
    await held.close()


async def arrived(gate: Any, count: int) -> None:
    """Wait until so many stand before the gate."""
    async with asyncio.timeout(30):
        while await gate.fetchval(AT_THE_GATE) < count:
            pass


async def test_exhausted_pool_queues(postgresql: PostgreSQL, database: str, gate: Any) -> None:
    async with binding(PostgreSQLBinding, {"url": postgresql.url(database), "maxConns": "2"}) as found:
        async with asyncio.TaskGroup() as tasks:
            asked = [tasks.create_task(run(found, "query", PASS)) for _ in range(50)]
            await arrived(gate, 2)
            sessions = await gate.fetchval(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            )
            answered = [each for each in asked if each.done()]
            await gate.execute("SELECT pg_advisory_unlock(7)")

        assert (sessions, answered) == (2 + 1, [])
        assert {json.loads(each.result().data or b"")[0][0] for each in asked} == {1}


async def test_queue_has_an_end(
    postgresql: PostgreSQL, database: str, gate: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "LONGEST_QUEUE", 3)
    async with binding(PostgreSQLBinding, {"url": postgresql.url(database), "maxConns": "2"}) as found:
        async with asyncio.TaskGroup() as tasks:
            served = [tasks.create_task(run(found, "query", PASS)) for _ in range(2)]
            await arrived(gate, 2)
            waiting = [tasks.create_task(run(found, "query", PASS)) for _ in range(3)]
            await asyncio.sleep(0)  # they stand in the queue
            with pytest.raises(
                LimitExceededError, match="3 requests wait for one of 2 connections"
            ) as caught:
                await run(found, "query", PASS)
            await gate.execute("SELECT pg_advisory_unlock(7)")

        assert "raise maxConns, or send less at once" in str(caught.value)
        assert all(each.done() for each in (*served, *waiting))
        await run(found, "query", PASS)


async def test_wait_has_an_end(postgresql: PostgreSQL, database: str, gate: Any) -> None:
    properties = {"url": postgresql.url(database), "maxConns": "2", "timeout": "1s"}
    async with binding(PostgreSQLBinding, properties) as found:
        answers = await asyncio.gather(*(run(found, "query", PASS) for _ in range(3)), return_exceptions=True)
        assert [type(each) for each in answers] == [TimedOutError] * 3
        await gate.execute("SELECT pg_advisory_unlock(7)")

        await run(found, "query", PASS)
