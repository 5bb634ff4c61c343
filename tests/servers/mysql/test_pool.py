"""A pool whose connections are all in use: who comes next waits, in bounded number and for a bounded time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Final

import pytest

from pluggable import OutputBinding
from pluggable.errors import LimitExceededError, TimedOutError
from pluggable_servers.mysql import binding as module
from pluggable_servers.mysql.binding import MySQLBinding
from pluggable_servers.sql import pool
from tests.backends.mariadb import MariaDB
from tests.servers.statements import binding, rows, run

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("mysql")]

#: Is answered when nobody has the gate, which is named by the schema.
PASS: Final = "SELECT GET_LOCK(DATABASE(), 60) + RELEASE_LOCK(DATABASE()) AS passed"
AT_THE_GATE: Final = """
    SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND state = 'User lock'
"""


@pytest.fixture
def properties(mariadb: MariaDB, schema: str) -> Mapping[str, str]:
    mariadb.sql(f"CREATE DATABASE {schema}")
    return {"url": mariadb.dsn(schema), "maxOpenConns": "2"}


@pytest.fixture
async def gate(properties: Mapping[str, str]) -> AsyncIterator[OutputBinding]:
    """One connection that keeps the gate shut until it is told otherwise."""
    async with binding(MySQLBinding, {**properties, "maxOpenConns": "1"}) as held:
        assert await rows(held, "SELECT GET_LOCK(DATABASE(), 1) AS got") == [{"got": 1}]
        yield held


async def arrived(gate: OutputBinding, count: int) -> None:
    """Wait until so many stand before the gate."""
    async with asyncio.timeout(30):
        while len(await rows(gate, AT_THE_GATE) or ()) < count:
            pass


async def opens(gate: OutputBinding) -> None:
    assert await rows(gate, "SELECT RELEASE_LOCK(DATABASE()) AS given") == [{"given": 1}]


async def test_exhausted_pool_queues(properties: Mapping[str, str], gate: OutputBinding) -> None:
    async with binding(MySQLBinding, properties) as found:
        async with asyncio.TaskGroup() as tasks:
            asked = [tasks.create_task(rows(found, PASS)) for _ in range(50)]
            await arrived(gate, 2)
            sessions = await rows(gate, "SELECT id FROM information_schema.processlist WHERE db = DATABASE()")
            answered = [each for each in asked if each.done()]
            await opens(gate)

        assert (len(sessions), answered) == (2 + 1, [])
        assert [each.result() for each in asked] == [[{"passed": 2}]] * 50


async def test_queue_has_an_end(
    properties: Mapping[str, str], gate: OutputBinding, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "LONGEST_QUEUE", 3)
    async with binding(MySQLBinding, properties) as found:
        async with asyncio.TaskGroup() as tasks:
            served = [tasks.create_task(run(found, "query", PASS)) for _ in range(2)]
            await arrived(gate, 2)
            waiting = [tasks.create_task(run(found, "query", PASS)) for _ in range(3)]
            await asyncio.sleep(0)  # they stand in the queue
            with pytest.raises(
                LimitExceededError, match="3 requests wait for one of 2 connections"
            ) as caught:
                await run(found, "query", PASS)
            await opens(gate)

        assert "send less at once" in str(caught.value)
        assert all(each.done() for each in (*served, *waiting))
        await run(found, "query", PASS)


async def test_wait_has_an_end(
    properties: Mapping[str, str], gate: OutputBinding, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_TIMEOUT_SECONDS", 1.0)
    async with binding(MySQLBinding, properties) as found:
        answers = await asyncio.gather(*(run(found, "query", PASS) for _ in range(3)), return_exceptions=True)
        assert [type(each) for each in answers] == [TimedOutError] * 3
        await opens(gate)

        await run(found, "query", PASS)
