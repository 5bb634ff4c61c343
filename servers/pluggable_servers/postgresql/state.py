"""
State stores in PostgreSQL, on the tables daprd uses in its versions v1 and v2.

Facts: components-contrib ``state/postgresql``. A daprd serves the second as ``state.postgresql`` version v2;
as a component of its own it is called ``state.postgresql-v2``. Queries of v1 are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from pluggable import About, state
from pluggable.errors import InitError
from pluggable.metadata import Metadata, setting

from ..sql.pool import Connection
from ..sql.store import SQLStateStore, Tables, Write
from ..sql.values import Found, life, mismatch
from .connection import PostgreSQLConnection
from .errors import FAILURES, error_of
from .layouts import First, Layout, Names, Second
from .migrations import migrate
from .settings import AUTHENTICATION, PostgreSQLSettings

_URL: Final = (
    "https://docs.dapr.io/reference/components-reference/supported-state-stores/setup-postgresql-{}/"
)
_SHORTEST_TIMEOUT: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgreSQLTableSettings(PostgreSQLSettings):
    """The properties that both versions share."""

    metadata_table_name: str = setting(
        default="dapr_metadata", description="The table with the schema's version."
    )
    timeout: timedelta = setting(  # noqa: RUF009  frozen
        default=timedelta(seconds=20),
        aliases=("timeoutInSeconds",),
        description="How long an operation may take.",
    )
    cleanup_interval: timedelta = setting(  # noqa: RUF009  frozen
        default=timedelta(hours=1),
        aliases=("cleanupIntervalInSeconds",),
        description="How often to remove expired rows; 0 for never.",
    )

    def __post_init__(self) -> None:
        PostgreSQLSettings.__post_init__(self)
        if self.timeout < _SHORTEST_TIMEOUT:
            raise ValueError(f"timeout is {self.timeout.total_seconds():g} s, wanted 1 s or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstSettings(PostgreSQLTableSettings):
    """The properties of ``state.postgresql``, version v1."""

    table_name: str = setting(
        default="state", description="The table of keys and values; it may stand behind a schema and a dot."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondSettings(PostgreSQLTableSettings):
    """The properties of ``state.postgresql``, version v2."""

    table_prefix: str = setting(
        default="",
        description="What stands before the table's name; with a dot in the end it is a schema.",
        example="orders_",
    )


class _Tables(Tables):
    def __init__(self, server: PostgreSQLConnection, layout: Layout) -> None:
        super().__init__(server)
        self._layout = layout

    async def read(self, keys: Sequence[str]) -> dict[str, Found]:
        async with self.server.acquired() as connection:
            rows = await connection.fetch(self._layout.get, list(keys))
        return {row[0]: self._layout.found(row) for row in rows}

    async def write(self, operations: Sequence[Write]) -> None:
        steps = [self._step(operation) for operation in operations]
        async with self.server.acquired() as connection:
            if len(steps) == 1:
                await _run(connection, operations[0], *steps[0])
                return
            async with connection.transaction():
                for operation, step in zip(operations, steps, strict=True):
                    await _run(connection, operation, *step)

    async def put(self, requests: Sequence[state.SetRequest]) -> None:
        rows = [(each.key, life(each), *self._layout.values(each)) for each in requests]
        async with self.server.acquired() as connection:
            await connection.executemany(self._layout.put, rows)

    async def clean_up(self, interval: float) -> int:
        claim = self._layout.names.last_cleanup, interval - 0.1
        async with self.server.acquired() as connection:
            if not _rows(await connection.execute(self._layout.claim_cleanup, *claim)):
                return 0
            return _rows(await connection.execute(self._layout.clean_up))

    def _step(self, operation: Write) -> tuple[str, tuple[Any, ...]]:
        layout, key = self._layout, operation.key
        if isinstance(operation, state.DeleteRequest):
            if operation.etag:
                return layout.remove_matching, (key, layout.expected(key, operation.etag))
            return layout.remove, (key,)
        row = (key, life(operation), *layout.values(operation))
        if operation.etag:
            return layout.put_matching, (*row, layout.expected(key, operation.etag))
        if operation.concurrency is state.Concurrency.FIRST_WRITE:
            return layout.put_first, row
        return layout.put, row


class PostgreSQLStateStore(SQLStateStore):
    """Keys and values in a table with a column of JSON; an answered write is committed."""

    about = About(
        settings=FirstSettings,
        title="PostgreSQL",
        description="Keys and values in one table of PostgreSQL, the one of daprd's state.postgresql v1.",
        url=_URL.format("v1"),
        authentication=AUTHENTICATION,
    )

    async def init(self, metadata: Metadata) -> None:
        settings = metadata.parse(FirstSettings)
        names = Names(table=settings.table_name, metadata_table=settings.metadata_table_name)
        tables = await _opened(settings, First(names))
        self._opened_as(tables, metadata.name, settings.cleanup_interval.total_seconds())


class PostgreSQLStateStoreV2(SQLStateStore):
    """Keys and values in a table with a column of bytes; an answered write is committed."""

    about = About(
        settings=SecondSettings,
        title="PostgreSQL, version 2",
        description="Keys and values in one table of PostgreSQL, the one of daprd's state.postgresql v2.",
        url=_URL.format("v2"),
        authentication=AUTHENTICATION,
    )

    async def init(self, metadata: Metadata) -> None:
        settings = metadata.parse(SecondSettings)
        prefix = settings.table_prefix
        names = Names(
            table=f"{prefix}state",
            metadata_table=settings.metadata_table_name,
            level=f"migrations-state-v2-{prefix}",
            last_cleanup=f"last-cleanup-state-v2-{prefix}",
        )
        tables = await _opened(settings, Second(names))
        self._opened_as(tables, metadata.name, settings.cleanup_interval.total_seconds())


async def _opened(settings: PostgreSQLTableSettings, layout: Layout) -> _Tables:
    server = await PostgreSQLConnection.open(settings, timeout=settings.timeout.total_seconds())
    try:
        async with server.acquired() as connection:
            await migrate(connection, layout)
    except FAILURES as error:
        await server.close()
        raise InitError(str(error_of(error, server.address))) from error
    except BaseException:
        await server.close()
        raise
    return _Tables(server, layout)


async def _run(connection: Connection, operation: Write, statement: str, arguments: tuple[Any, ...]) -> None:
    changed = _rows(await connection.execute(statement, *arguments))
    if not changed and (isinstance(operation, state.SetRequest) or operation.etag):
        raise mismatch(operation.key, operation.etag)


def _rows(status: str) -> int:
    """Return how many rows a statement changed, from what the server says: ``UPDATE 1``, ``INSERT 0 1``."""
    return int(status.rpartition(" ")[2])
