"""Reads that share statements, on a server that answers when it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from typing import Any

import pytest

from pluggable.errors import ComponentError, InvalidRequestError, LimitExceededError, TimedOutError
from pluggable.state import GetResponse
from pluggable_servers.sql import sharing
from pluggable_servers.sql.pool import Connection, Pool
from pluggable_servers.sql.sharing import LANES, MOST_KEYS, SharedReads
from pluggable_servers.sql.values import Found


class _Server(Pool):
    """Has under each key the key itself; takes no key that begins with "refused"."""

    kind = "patience"
    advice = "send less at once"
    failures = (TimeoutError,)

    def __init__(self, timeout: float) -> None:
        super().__init__(None, "here", timeout)
        self.statements: list[Sequence[str]] = []
        self.gate = asyncio.Event()

    async def read(self, keys: Sequence[str]) -> dict[str, Found]:
        self.statements.append(keys)
        await self.gate.wait()
        if any(key.startswith("refused") for key in keys):
            raise InvalidRequestError("refused")
        return {key: GetResponse(data=key.encode()) for key in keys}

    async def close(self) -> None:
        self.gate.set()

    def error_of(self, error: Any) -> ComponentError:
        return TimedOutError(f"{self.address}: {error!r}")

    def _size(self) -> int:
        return 1

    def _given_up(self, connection: Connection) -> None: ...


@pytest.fixture
async def server() -> AsyncIterator[_Server]:
    found = _Server(timeout=60)
    yield found
    await found.close()


@pytest.fixture
async def reads(server: _Server) -> AsyncIterator[SharedReads]:
    found = SharedReads(server.read, server)
    yield found
    await server.close()
    await found.close()


async def begun(*reads: Awaitable[Any]) -> list[asyncio.Future[Any]]:
    """Begin reads one after the other, each a turn of the loop later."""
    tasks: list[asyncio.Future[Any]] = []
    for read in reads:
        tasks.append(asyncio.ensure_future(read))
        for _ in range(3):
            await asyncio.sleep(0)
    return tasks


def data(found: Found) -> bytes:
    assert isinstance(found, GetResponse)
    return found.data


async def test_reads_that_come_meanwhile_share_a_statement(server: _Server, reads: SharedReads) -> None:
    early = [f"early{each}" for each in range(LANES)]
    late = [f"late{each}" for each in range(10)]
    tasks = await begun(*(reads.read([key]) for key in (*early, *late, late[0])))
    assert server.statements == [[key] for key in early]

    server.gate.set()
    answers = await asyncio.gather(*tasks)

    assert server.statements[LANES:] == [late]
    wanted = [*early, *late, late[0]]
    assert [data(each[key]) for each, key in zip(answers, wanted, strict=True)] == [
        key.encode() for key in wanted
    ]


async def test_statement_has_no_more_keys_than_the_limit(server: _Server, reads: SharedReads) -> None:
    half = MOST_KEYS // 2 + 1
    bulks = [[f"{bulk}-{key}" for key in range(half)] for bulk in range(LANES + 3)]
    tasks = await begun(*map(reads.read, bulks))
    server.gate.set()
    await asyncio.gather(*tasks)

    assert server.statements == bulks


async def test_large_bulk_has_a_statement_alone(server: _Server, reads: SharedReads) -> None:
    bulk = [f"{key}" for key in range(MOST_KEYS + 1)]
    tasks = await begun(*(reads.read([f"early{each}"]) for each in range(LANES)), reads.read(bulk))

    assert server.statements[-1] == bulk
    server.gate.set()
    assert len(await tasks[-1]) == len(bulk)


async def test_key_that_is_refused_costs_no_other(server: _Server, reads: SharedReads) -> None:
    first = [reads.read([f"early{each}"]) for each in range(LANES)]
    tasks = await begun(*first, reads.read(["a"]), reads.read(["refused"]), reads.read(["b"]))
    server.gate.set()

    *_, a, refused, b = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(a, dict)
    assert isinstance(b, dict)
    assert (data(a["a"]), data(b["b"])) == (b"a", b"b")
    assert isinstance(refused, InvalidRequestError)


async def test_who_gives_up_costs_no_other(server: _Server, reads: SharedReads) -> None:
    early = [reads.read([f"early{each}"]) for each in range(LANES)]
    tasks = await begun(*early, reads.read(["gone"]), reads.read(["there"]))
    tasks[0].cancel()
    tasks[-2].cancel()
    await asyncio.wait(tasks[-2:-1])
    server.gate.set()

    assert data((await tasks[-1])["there"]) == b"there"
    assert server.statements[LANES:] == [["there"]]


async def test_queue_of_reads_has_an_end(
    server: _Server, reads: SharedReads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "LONGEST_QUEUE", 3)
    tasks = await begun(*(reads.read([f"{each}"]) for each in range(LANES + 3)))
    with pytest.raises(LimitExceededError, match="patience here: 3 reads wait already; send less at once"):
        await asyncio.wait_for(reads.read(["one more"]), 5)

    server.gate.set()
    await asyncio.gather(*tasks)


async def test_wait_for_a_statement_has_an_end() -> None:
    server = _Server(timeout=0.05)
    reads = SharedReads(server.read, server)
    tasks = await begun(*(reads.read([f"{each}"]) for each in range(LANES + 2)))
    async with asyncio.timeout(3):
        answers = await asyncio.gather(*tasks, return_exceptions=True)

    assert [type(each) for each in answers] == [TimedOutError] * (LANES + 2)
    await server.close()
    await reads.close()
    assert len(server.statements) == LANES
