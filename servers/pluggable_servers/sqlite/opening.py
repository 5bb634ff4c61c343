"""A database's connections: one that writes, one that reads in a thread, and one that reads on the loop."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import Final

from pluggable.errors import InitError

from .errors import code_of, error_of
from .schema import migrate
from .settings import Location, SQLiteSettings
from .statements import Statements, statements

#: While another process turns a new database to WAL, SQLite says busy without waiting for it.
_PAUSE: Final = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How to open a database."""

    name: str
    settings: SQLiteSettings
    location: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class Connections:
    """What a database is used by, each in one thread at a time."""

    writing: sqlite3.Connection
    reading: sqlite3.Connection | None = None
    """None for a database in memory, which is its connection's alone: it is read where it is written."""
    here: sqlite3.Connection | None = None
    """Waits for no lock. Without a WAL, readers would wait for the writer, so there is none."""

    def close(self) -> None:
        """Close them; the writing one is last, and puts the WAL into the file."""
        for connection in (self.here, self.reading, self.writing):
            if connection is not None:
                connection.close()


def opened(plan: Plan) -> tuple[Connections, Statements]:
    """
    Open the database and bring it to the schema's level.

    Raises:
        InitError: it cannot be opened, or not be used.
    """
    busy = max(0.0, plan.settings.busy_timeout.total_seconds())
    try:
        with ExitStack() as stack:
            writing = stack.enter_context(closing(_connection(plan, busy)))
            texts = _prepared(writing, plan)
            reading = here = None
            if not plan.location.in_memory:
                reading = stack.enter_context(closing(_connection(plan, busy)))
                if not plan.settings.disable_wal:
                    here = stack.enter_context(closing(_connection(plan, 0)))
            stack.pop_all()
    except sqlite3.Error as error:
        raise InitError(f'state.sqlite "{plan.name}": {_why_not(error, plan.location)}') from error
    return Connections(writing=writing, reading=reading, here=here), texts


def _prepared(connection: sqlite3.Connection, plan: Plan) -> Statements:
    """Make the tables where they are not there, and return the statements."""
    tables = plan.settings.table_name, plan.settings.metadata_table_name
    if not plan.location.read_only:
        migrate(connection, *tables)
    texts = statements(*tables)
    # What is there is what the statements expect, or says so.
    connection.execute(texts.get, ("",)).fetchall()
    return texts


def _connection(plan: Plan, busy: float) -> sqlite3.Connection:
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
