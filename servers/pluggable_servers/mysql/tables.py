"""
The tables, exactly as daprd lays them out, and the statements on them.

Facts: components-contrib ``state/mysql/mysql.go``. One thing is said that daprd leaves to the server:
keys are compared byte by byte, so that "a" and "A" are two. A table that daprd made stays as it is.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from itertools import chain
from typing import Any, Final

from pluggable import state
from pluggable.errors import ComponentError
from pluggable.state import GetResponse

from .. import ttl
from ..sql.pool import Connection
from ..sql.store import Tables, Write
from ..sql.values import Found, decoded, encoded, life, mismatch
from ..sqlite.operations import new_etag
from .connection import MySQLConnection
from .errors import AGAIN, FAILURES, number_of
from .settings import MySQLSettings

_LAST_CLEANUP: Final = "last-cleanup"
_ATTEMPTS: Final = 10
_EXISTS: Final = 1061
_STATE: Final = """\
CREATE TABLE IF NOT EXISTS `{}` (
  id VARCHAR(255) NOT NULL PRIMARY KEY, value JSON NOT NULL, isbinary BOOLEAN NOT NULL,
  insertDate TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updateDate TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  eTag VARCHAR(36) NOT NULL, expiredate TIMESTAMP NULL, INDEX expiredate_idx (expiredate)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"""
_METADATA: Final = (
    "CREATE TABLE IF NOT EXISTS `{}` (id VARCHAR(255) NOT NULL PRIMARY KEY, value TEXT NOT NULL)"
)
_ADDED: Final = (
    ("expiredate", "ADD COLUMN expiredate TIMESTAMP NULL, ADD INDEX expiredate_idx (expiredate)"),
    (
        "row_id",
        "ADD COLUMN row_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT, ADD UNIQUE KEY row_id_uidx (row_id)",
    ),
)
_COLUMNS: Final = (
    "SELECT lower(column_name) FROM information_schema.columns "
    "WHERE table_schema = DATABASE() AND table_name = %s"
)
_EXPIRED: Final = "(expiredate IS NOT NULL AND expiredate <= CURRENT_TIMESTAMP)"
_LIVE: Final = "(expiredate IS NULL OR expiredate > CURRENT_TIMESTAMP)"
#: ``NULL`` for a life of ``NULL``.
_END: Final = "CURRENT_TIMESTAMP + INTERVAL %s SECOND"


class MySQLTables(Tables):
    """One store's tables; ``migrate`` makes them."""

    def __init__(self, server: MySQLConnection, settings: MySQLSettings) -> None:
        super().__init__(server)
        self._table, self._metadata = settings.table_name, settings.metadata_table_name
        table = f"`{self._table}`"
        # Told which index, the server does not weigh up that of the expiry for every key.
        self._get = (
            f"SELECT id, value, isbinary, eTag, expiredate FROM {table} USE INDEX (PRIMARY) "
            f"WHERE id IN ({{}}) AND {_LIVE}"
        )
        insert = (
            f"INSERT INTO {table} (id, value, isbinary, eTag, expiredate) VALUES (%s, %s, %s, %s, {_END})"
        )
        columns = ("value", "isbinary", "eTag", "insertDate", "expiredate")
        replaced = " ON DUPLICATE KEY UPDATE " + ", ".join(f"{name} = VALUES({name})" for name in columns)
        self._put = insert + replaced
        self._put_many = f"{insert}{{}}{replaced}"
        self._row = f", (%s, %s, %s, %s, {_END})"
        # The expiry is last: what is set before would be judged by the new one.
        self._put_first = f"{insert} ON DUPLICATE KEY UPDATE " + ", ".join(
            f"{name} = IF({_EXPIRED}, VALUES({name}), {name})" for name in columns
        )
        self._put_matching = (
            f"UPDATE {table} SET value = %s, isbinary = %s, eTag = %s, expiredate = {_END} "
            f"WHERE id = %s AND eTag = %s AND {_LIVE}"
        )
        self._remove = f"DELETE FROM {table} WHERE id = %s"
        self._clean_up = f"DELETE FROM {table} WHERE {_EXPIRED}"

    async def migrate(self) -> None:
        """Make the tables, and add the columns that older ones lack."""
        async with self.server.acquired() as connection, connection.cursor() as cursor:
            # What is there is not made again: the driver would log the server's notes on it.
            for table, statement in ((self._table, _STATE), (self._metadata, _METADATA)):
                if not await cursor.execute(_COLUMNS, (table,)):
                    await cursor.execute(statement.format(table))
            await cursor.execute(_COLUMNS, (self._table,))
            there = {row[0] for row in await cursor.fetchall()}
            for column, change in _ADDED:
                if column not in there:
                    await _added(cursor, f"ALTER TABLE `{self._table}` {change}")

    async def read(self, keys: Sequence[str]) -> dict[str, Found]:
        statement = self._get.format(", ".join(["%s"] * len(keys)))
        async with self.server.acquired() as connection, connection.cursor() as cursor:
            await cursor.execute(statement, tuple(keys))
            rows = await cursor.fetchall()
        return {row[0]: _found(row) for row in rows}

    async def put(self, requests: Sequence[state.SetRequest]) -> None:
        rows = [(each.key, *encoded(each), new_etag(), life(each)) for each in requests]
        statement = self._put_many.format(self._row * (len(rows) - 1))
        arguments = tuple(chain.from_iterable(rows))
        async with self.server.acquired() as connection, connection.cursor() as cursor:
            await _done(lambda: cursor.execute(statement, arguments))

    async def write(self, operations: Sequence[Write]) -> None:
        steps = [self._step(operation) for operation in operations]
        async with self.server.acquired() as connection:
            await _done(lambda: _run_all(connection, operations, steps))

    async def clean_up(self, interval: float) -> int:
        claim = (
            f"INSERT INTO `{self._metadata}` (id, value) VALUES (%s, CURRENT_TIMESTAMP) "
            "ON DUPLICATE KEY UPDATE value = "
            "IF(CURRENT_TIMESTAMP > DATE_ADD(value, INTERVAL %s MICROSECOND), CURRENT_TIMESTAMP, value)"
        )
        async with self.server.acquired() as connection, connection.cursor() as cursor:
            if not await cursor.execute(claim, (_LAST_CLEANUP, int((interval - 0.1) * 1e6))):
                return 0
            removed: int = await cursor.execute(self._clean_up)
            return removed

    def _step(self, operation: Write) -> tuple[str, tuple[Any, ...]]:
        key, expected = operation.key, operation.etag
        if isinstance(operation, state.DeleteRequest):
            if expected:
                return f"{self._remove} AND eTag = %s", (key, expected)
            return self._remove, (key,)
        row = (*encoded(operation), new_etag(), life(operation))
        if expected:
            return self._put_matching, (*row, key, expected)
        if operation.concurrency is state.Concurrency.FIRST_WRITE:
            return self._put_first, (key, *row)
        return self._put, (key, *row)


async def _done(work: Callable[[], Awaitable[Any]]) -> None:
    """Do this, again where the server asks for that: it has undone one of two that waited for each other."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            await work()
        except FAILURES as error:
            if number_of(error) not in AGAIN or attempt == _ATTEMPTS:
                raise
        else:
            return


async def _run_all(
    connection: Connection, operations: Sequence[Write], steps: Sequence[tuple[str, tuple[Any, ...]]]
) -> None:
    together = len(steps) > 1
    if together:
        await connection.begin()
    try:
        async with connection.cursor() as cursor:
            for operation, step in zip(operations, steps, strict=True):
                changed = await cursor.execute(*step)
                if not changed and (isinstance(operation, state.SetRequest) or operation.etag):
                    raise mismatch(operation.key, operation.etag)
        if together:
            await connection.commit()
    except (ComponentError, *FAILURES):
        if together:
            await connection.rollback()
        raise


async def _added(cursor: Any, statement: str) -> None:
    try:
        await cursor.execute(statement)
    except FAILURES as error:
        # Another process has added it at this moment.
        if number_of(error) not in (_EXISTS, 1060):
            raise


def _found(row: Any) -> Found:
    key, text, is_binary, etag, expires = row
    data = decoded(key, text, bool(is_binary))
    if isinstance(data, ComponentError):
        return data
    if expires is None:
        return GetResponse(data=data, etag=etag)
    return GetResponse(data=data, etag=etag, metadata=ttl.shown(expires))
