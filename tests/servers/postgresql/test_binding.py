from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator

import pytest

from pluggable import OutputBinding
from pluggable.bindings import InvokeRequest
from pluggable.errors import InitError, InvalidRequestError, UnavailableError
from pluggable_servers.postgresql.binding import PostgreSQLBinding
from tests.backends.postgresql import PostgreSQL
from tests.servers.statements import answers_as_daprd_did, binding, closes_on_demand, rows, run

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("postgresql")]


@pytest.fixture
async def found(postgresql: PostgreSQL, database: str) -> AsyncIterator[OutputBinding]:
    async with binding(PostgreSQLBinding, {"url": postgresql.url(database)}) as opened:
        yield opened


async def test_statements_are_answered_as_by_daprd(found: OutputBinding) -> None:
    await answers_as_daprd_did(found, "bindings.postgresql")


async def test_answer_says_what_was_run_and_when(found: OutputBinding) -> None:
    metadata = (await run(found, "exec", "CREATE TABLE t (n int)")).metadata

    assert metadata["operation"] == "exec"
    assert metadata["sql"] == "CREATE TABLE t (n int)"
    assert metadata["rows-affected"] == "0"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z", metadata["start-time"])
    assert metadata["start-time"] < metadata["end-time"]
    assert re.fullmatch(r"[\d.]+(ns|µs|ms|s)", metadata["duration"])


async def test_answered_statement_is_committed(
    found: OutputBinding, postgresql: PostgreSQL, database: str
) -> None:
    await run(found, "exec", "CREATE TABLE t (n int)")
    await run(found, "exec", "INSERT INTO t VALUES ($1)", 7)

    assert postgresql.sql("SELECT n FROM t", database) == "7"


async def test_transaction_left_open_is_not_left_to_the_next(found: OutputBinding) -> None:
    await run(found, "exec", "CREATE TABLE t (n int)")
    await run(found, "exec", "BEGIN")
    for number in range(8):
        await run(found, "exec", "INSERT INTO t VALUES ($1)", number)

    assert await rows(found, "SELECT count(*) FROM t") == [[8]]


async def test_error_while_rows_are_read_is_an_error(found: OutputBinding) -> None:
    with pytest.raises(InvalidRequestError, match="division by zero"):
        await run(found, "query", "SELECT 1/0")


async def test_parameter_that_does_not_fit_is_named(found: OutputBinding) -> None:
    with pytest.raises(InvalidRequestError, match=r"params: \$2, a JSON str, cannot be read as int4"):
        await run(found, "query", "SELECT $1::text, $2::int", "a", "x")
    with pytest.raises(InvalidRequestError, match="params has 1, the statement 2"):
        await run(found, "query", "SELECT $1::text, $2::int", "a")
    with pytest.raises(InvalidRequestError, match="out of int64 range"):
        await run(found, "query", "SELECT $1::bigint", 2**70)


@pytest.mark.parametrize("params", ["{", '{"a": 1}', "1"])
async def test_params_that_are_no_array_are_refused(found: OutputBinding, params: str) -> None:
    with pytest.raises(InvalidRequestError, match="invalid metadata property params"):
        await found.invoke(InvokeRequest(operation="query", metadata={"sql": "SELECT 1", "params": params}))


async def test_missing_statement_is_told(found: OutputBinding) -> None:
    with pytest.raises(InvalidRequestError, match="required metadata not set: sql"):
        await run(found, "exec")


async def test_close_disconnects(found: OutputBinding, postgresql: PostgreSQL, database: str) -> None:
    await closes_on_demand(found)

    count = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{database}'"
    async with asyncio.timeout(10):
        while postgresql.sql(count) != "0":  # noqa: ASYNC110  a server tells nobody
            await asyncio.sleep(0.05)


async def test_server_that_was_away_is_used_again() -> None:
    with PostgreSQL.running() as own:
        async with binding(PostgreSQLBinding, {"connectionString": own.url()}) as found:
            await run(found, "exec", "CREATE TABLE t AS SELECT 1 AS n")
            with own.away(), pytest.raises(UnavailableError, match=str(own.port)):
                await run(found, "query", "SELECT n FROM t")

            assert await rows(found, "SELECT n FROM t") == [[1]]


async def test_password_is_in_no_error() -> None:
    text = "postgres://me:other-secret@127.0.0.1:1/db"
    with pytest.raises(InitError, match=r"127\.0\.0\.1:1") as caught:
        async with binding(PostgreSQLBinding, {"connectionString": text}):
            pass
    assert "other-secret" not in f"{caught.value!r} {caught.value.__cause__!r}"
