from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from pluggable import OutputBinding
from pluggable.errors import InitError, InvalidRequestError, UnavailableError
from pluggable_servers.mysql.binding import MySQLBinding
from tests.backends.mariadb import PASSWORD, MariaDB
from tests.servers.statements import answers_as_daprd_did, binding, closes_on_demand, rows, run

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("mysql")]


@pytest.fixture
async def found(mariadb: MariaDB, schema: str) -> AsyncIterator[OutputBinding]:
    mariadb.sql(f"CREATE DATABASE {schema}")
    async with binding(MySQLBinding, {"url": mariadb.dsn(schema)}) as opened:
        yield opened


async def test_statements_are_answered_as_by_daprd(found: OutputBinding) -> None:
    await answers_as_daprd_did(found, "bindings.mysql")


async def test_answered_statement_is_committed(found: OutputBinding, mariadb: MariaDB, schema: str) -> None:
    await run(found, "exec", "CREATE TABLE t (n int)")
    answer = await run(found, "exec", "INSERT INTO t VALUES (?), (?)", 7, 8)

    assert answer.metadata["rows-affected"] == "2"
    assert mariadb.sql("SELECT sum(n) FROM t", schema) == "15"


async def test_parameter_cannot_leave_its_place(found: OutputBinding) -> None:
    texts = ["'", "\\", "\\'; DROP TABLE t; -- ", "?", "%s", '"', "ä\x00\n"]

    for text in texts:
        assert await rows(found, "SELECT ? AS a, '?' AS b -- ?", text) == [{"a": text, "b": "?"}]


async def test_several_statements_in_one_are_refused(found: OutputBinding) -> None:
    await run(found, "exec", "CREATE TABLE t (n int)")
    with pytest.raises(InvalidRequestError, match="error in your SQL syntax"):
        await run(found, "exec", "INSERT INTO t VALUES (1); INSERT INTO t VALUES (2)")

    assert await rows(found, "SELECT n FROM t") is None


async def test_parameters_are_counted(found: OutputBinding) -> None:
    with pytest.raises(InvalidRequestError, match="expected 2 arguments, got 1 in params"):
        await run(found, "query", "SELECT ?, ?", 1)
    with pytest.raises(InvalidRequestError, match="params: number 1 is a JSON list"):
        await run(found, "query", "SELECT ?", [1])


async def test_close_disconnects(found: OutputBinding) -> None:
    await closes_on_demand(found)


async def test_server_that_was_away_is_used_again() -> None:
    with MariaDB.running() as own:
        async with binding(MySQLBinding, {"url": own.dsn("mysql")}) as found:
            assert await rows(found, "SELECT 1 AS n") == [{"n": 1}]
            with own.away(), pytest.raises(UnavailableError, match=str(own.port)):
                await run(found, "query", "SELECT 1 AS n")

            assert await rows(found, "SELECT 1 AS n") == [{"n": 1}]


async def test_password_is_in_no_error(mariadb: MariaDB) -> None:
    with pytest.raises(InitError, match="check the user and the password") as caught:
        async with binding(MySQLBinding, {"url": mariadb.dsn().replace(PASSWORD, "other-secret")}):
            pass
    assert "other-secret" not in f"{caught.value!r} {caught.value.__cause__!r}"
