"""
A database opened: a thread that writes, many requests a transaction, and one that reads.

A write is answered when the commit of its group has returned. In WAL, readers do not wait for the writer.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self, TypeVar

from pluggable.errors import ComponentError, InitError

from .errors import code_of, error_of
from .operations import Operation, Statements
from .settings import Location, SQLiteSettings
from .worker import Worker

R = TypeVar("R")

#: While another process turns a new database to WAL, SQLite says busy without waiting for it.
_PAUSE: Final = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How to open a database."""

    name: str
    settings: SQLiteSettings
    location: Location
    prepare: Callable[[sqlite3.Connection, SQLiteSettings, Location], Statements]
    """Runs once on the first connection: makes the tables and returns the statements."""


class Database:
    """Opened by ``open``. What is submitted runs concurrently with other requests, each for itself."""

    def __init__(self, plan: Plan, connections: Sequence[sqlite3.Connection], statements: Statements) -> None:
        self._path = plan.location.path
        self._statements = statements
        self._connections = connections
        writing, *reading = connections
        timeout = plan.settings.timeout.total_seconds()
        self._writer: Worker[Operation[Any]] = Worker(
            f"the writer of {self._path}", lambda batch: self._write(writing, batch), timeout
        )
        # A database in memory is its connection's alone: it is read where it is written.
        self._reader = (
            Worker(f"the reader of {self._path}", lambda batch: self._read(reading[0], batch), timeout)
            if reading
            else self._writer
        )

    @classmethod
    async def open(cls, plan: Plan) -> Self:
        """
        Open the database and bring it to the schema's level.

        Raises:
            InitError: it cannot be opened, or not be used.
        """
        connections, statements = await asyncio.to_thread(_opened, plan)
        return cls(plan, connections, statements)

    async def read(self, operation: Operation[R]) -> R:
        """Return what the operation reads; every write answered before is seen."""
        result: R = await self._reader.submit(operation)
        return result

    def write(self, operation: Operation[R]) -> asyncio.Future[R]:
        """Return what will have the operation's result when it is on the disk."""
        return self._writer.submit(operation)

    async def close(self) -> None:
        """Finish what was submitted and close the file."""
        await self._writer.close()
        if self._reader is not self._writer:
            await self._reader.close()
        for connection in self._connections:
            await asyncio.to_thread(connection.close)

    def _read(self, connection: sqlite3.Connection, batch: Sequence[Operation[Any]]) -> list[Any]:
        return [self._one(connection, operation) for operation in batch]

    def _write(self, connection: sqlite3.Connection, batch: Sequence[Operation[Any]]) -> list[Any]:
        """Run the operations in one transaction; where that breaks for one, each in its own."""
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            return self._all_failed(error, batch)
        try:
            results = [self._in_group(connection, operation) for operation in batch]
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._roll_back(connection)
            # Nothing of the group is stored. A full disk may still have room for the smaller ones of it.
            if len(batch) == 1 or code_of(error) == sqlite3.SQLITE_BUSY:
                return self._all_failed(error, batch)
            return [result for operation in batch for result in self._write(connection, [operation])]
        except BaseException:
            self._roll_back(connection)
            raise
        return results

    def _in_group(self, connection: sqlite3.Connection, operation: Operation[Any]) -> Any:
        """Run one operation; its own failure is its result, one that ended the transaction is raised."""
        try:
            return operation.run(connection, self._statements)
        except ComponentError as error:
            return error
        except sqlite3.Error as error:
            if not connection.in_transaction:
                raise
            return error_of(error, self._path)

    def _one(self, connection: sqlite3.Connection, operation: Operation[Any]) -> Any:
        try:
            return operation.run(connection, self._statements)
        except ComponentError as error:
            return error
        except sqlite3.Error as error:
            return error_of(error, self._path)

    def _all_failed(self, error: sqlite3.Error, batch: Sequence[object]) -> list[ComponentError]:
        return [error_of(error, self._path) for _ in batch]

    def _roll_back(self, connection: sqlite3.Connection) -> None:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _opened(plan: Plan) -> tuple[list[sqlite3.Connection], Statements]:
    connections: list[sqlite3.Connection] = []
    try:
        connections.append(_connection(plan))
        statements = plan.prepare(connections[0], plan.settings, plan.location)
        if not plan.location.in_memory:
            connections.append(_connection(plan))
    except sqlite3.Error as error:
        for connection in connections:
            connection.close()
        raise InitError(f'state.sqlite "{plan.name}": {_why_not(error, plan.location)}') from error
    return connections, statements


def _connection(plan: Plan) -> sqlite3.Connection:
    busy = max(0.0, plan.settings.busy_timeout.total_seconds())
    # Used in one thread at a time, but not in this one.
    connection = sqlite3.connect(
        plan.location.uri, uri=True, timeout=busy, isolation_level=None, check_same_thread=False
    )
    try:
        _set_journal(connection, plan, busy)
        connection.execute("PRAGMA synchronous = FULL")
        for name, value in plan.location.pragmas:
            connection.execute(f"PRAGMA {name} = {value}" if value else f"PRAGMA {name}")
    except BaseException:
        connection.close()
        raise
    return connection


def _set_journal(connection: sqlite3.Connection, plan: Plan, busy: float) -> None:
    if plan.location.read_only:
        # Opens the file, or says why not.
        connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchall()
        return
    mode = "MEMORY" if plan.location.in_memory else "DELETE" if plan.settings.disable_wal else "WAL"
    give_up = time.monotonic() + busy
    while True:
        try:
            connection.execute(f"PRAGMA journal_mode = {mode}").fetchall()
        except sqlite3.OperationalError as error:
            if code_of(error) != sqlite3.SQLITE_BUSY or time.monotonic() >= give_up:
                raise
            time.sleep(_PAUSE)
        else:
            return


def _why_not(error: sqlite3.Error, location: Location) -> str:
    """Return a sentence on why the database could not be opened, with what the file system shows."""
    found = error_of(error, location.path)
    folder = os.path.dirname(os.path.abspath(location.path))
    if code_of(error) == sqlite3.SQLITE_CANTOPEN:
        if not os.path.isdir(folder):
            return f'{found}; the folder "{folder}" is missing, create it or correct connectionString'
        if location.read_only and not os.path.exists(location.path):
            return f"{found}; the file is missing, and with mode=ro it is not created"
        if os.path.isdir(location.path):
            return f"{found}; it is a folder, connectionString wants a file"
    return str(found)
