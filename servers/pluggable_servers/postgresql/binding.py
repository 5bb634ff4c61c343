"""
Statements that callers write, run by a PostgreSQL server.

Facts: components-contrib ``bindings/postgres``. What fails while the rows are read is an error here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import asyncpg

from pluggable import About
from pluggable.errors import InitError, InvalidRequestError
from pluggable.metadata import Metadata

from ..sql.binding import OPERATIONS, SQLBinding
from ..sql.pool import Connection
from .connection import PostgreSQLConnection
from .params import arguments
from .rows import encoded
from .settings import AUTHENTICATION, PostgreSQLTimedSettings


class PostgreSQLBinding(SQLBinding):
    """Runs the statement in the metadata ``sql``, with the JSON array in ``params`` as $1, $2 and so on."""

    about = About(
        settings=PostgreSQLTimedSettings,
        title="PostgreSQL",
        url="https://docs.dapr.io/reference/components-reference/supported-bindings/postgresql/",
        authentication=AUTHENTICATION,
        operations=OPERATIONS,
    )

    def __init__(self) -> None:
        self._opened: PostgreSQLConnection | None = None

    async def init(self, metadata: Metadata) -> None:
        settings = metadata.parse(PostgreSQLTimedSettings)
        self._opened = await PostgreSQLConnection.open(settings, timeout=settings.timeout.total_seconds())

    async def _exec(self, sql: str, params: Sequence[Any]) -> int:
        async with self._server.acquired() as connection:
            with _of_the_caller():
                if params:
                    _, statement = await _fetched(connection, sql, params)
                    return _changed(statement.get_statusmsg())
                # Several statements at once are run as one, and the last one's rows count.
                return _changed(await connection.execute(sql))

    async def _query(self, sql: str, params: Sequence[Any]) -> bytes:
        async with self._server.acquired() as connection:
            with _of_the_caller():
                rows, statement = await _fetched(connection, sql, params)
                types = [each.type.name for each in statement.get_attributes()]
        return encoded(rows, types)

    async def _disconnect(self) -> None:
        if self._opened is not None:
            await self._opened.close()

    @property
    def _server(self) -> PostgreSQLConnection:
        if self._opened is None:
            raise InitError("bindings.postgresql was not initialised: await init first")
        return self._opened


async def _fetched(connection: Connection, sql: str, params: Sequence[Any]) -> tuple[Sequence[Any], Any]:
    """Run one statement; its parameters are converted to the types that the server says they have."""
    statement = await connection.prepare(sql)
    return await statement.fetch(*arguments(params, statement.get_parameters())), statement


@contextmanager
def _of_the_caller() -> Iterator[None]:
    """Tell what is wrong with the statement itself as a wrong request."""
    try:
        yield
    except asyncpg.InsufficientPrivilegeError:
        raise
    except asyncpg.exceptions.SyntaxOrAccessError as error:
        raise InvalidRequestError(f"error executing query: {error} (SQLSTATE {error.sqlstate})") from error


def _changed(status: str | None) -> int:
    """Return how many rows a statement changed or found; ``CREATE TABLE`` tells of none."""
    count = (status or "").rpartition(" ")[2]
    return int(count) if count.isdecimal() else 0
