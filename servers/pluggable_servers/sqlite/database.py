"""
A database opened: a thread that writes, many requests a transaction, one that reads, and reads on the loop.

A write is answered when the commit of its group has returned. In WAL, readers do not wait for the writer.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Sequence
from itertools import islice
from typing import Any, Final, Self, TypeVar

from pluggable.errors import ComponentError

from .errors import code_of, error_of
from .opening import Connections, Plan, opened
from .operations import Get, Operation
from .pace import Pace
from .reading import Found, read
from .statements import Statements
from .worker import Worker

R = TypeVar("R")

#: So many keys are read on the loop, which takes a fraction of a millisecond.
FEW: Final = 64


class Database:
    """
    Opened by ``open``. What is submitted runs concurrently with other requests, each for itself.

    A read that comes alone is answered on the event loop, since the way to a thread and back costs several
    times as much; but only if there was a quick one a moment ago, and nobody writes, who would have to share
    the interpreter's lock. Where more come at once, a thread takes all of them in one statement, which costs
    each less than a statement of its own.
    """

    def __init__(self, plan: Plan, connections: Connections, statements: Statements) -> None:
        self._path = plan.location.path
        self._statements = statements
        self._connections = connections
        self._pace = Pace()
        self._reads = 0
        self._were_alone = True
        timeout = plan.settings.timeout.total_seconds()
        self._writer: Worker[Operation[Any]] = Worker(f"the writer of {self._path}", self._write, timeout)
        self._reader: Worker[Get] | None = None
        if connections.reading is not None:
            self._reader = Worker(f"the reader of {self._path}", self._read, timeout)

    @classmethod
    async def open(cls, plan: Plan) -> Self:
        """
        Open the database and bring it to the schema's level.

        Raises:
            InitError: it cannot be opened, or not be used.
        """
        connections, statements = await asyncio.to_thread(opened, plan)
        return cls(plan, connections, statements)

    async def read(self, keys: Sequence[str]) -> list[Found]:
        """Return what is stored, in the order of the keys; every write answered before is seen."""
        here = self._connections.here
        if here is not None and len(keys) <= FEW and self._is_alone() and self._pace.is_quick():
            try:
                return self._paced(here, keys)
            except sqlite3.Error:
                pass  # It waits for no lock and says nothing that the thread would not say.
        return await self.read_apart(keys)

    async def read_apart(self, keys: Sequence[str]) -> list[Found]:
        """Read in the thread, whatever the pace."""
        found: list[Found] = await (self._reader or self._writer).submit(Get(keys))
        return found

    def write(self, operation: Operation[R]) -> asyncio.Future[R]:
        """Return what will have the operation's result when it is on the disk."""
        return self._writer.submit(operation)

    async def close(self) -> None:
        """Finish what was submitted and close the file."""
        await self._writer.close()
        if self._reader is not None:
            await self._reader.close()
        await asyncio.to_thread(self._connections.close)

    def _read(self, batch: Sequence[Get]) -> list[Any]:
        """Read all that is asked for at once; where the database says no, each for itself."""
        connection = self._connections.reading
        assert connection is not None
        keys = [key for each in batch for key in each.keys]
        try:
            found = iter(self._paced(connection, keys))
        except sqlite3.Error as error:
            if len(batch) == 1:
                return self._all_failed(error, batch)
            return [result for each in batch for result in self._read([each])]
        return [list(islice(found, len(each.keys))) for each in batch]

    def _is_alone(self) -> bool:
        """Return whether reads come one in a turn of the loop, as this one does, and no thread is at work."""
        self._reads += 1
        if self._reads > 1:
            return False
        asyncio.get_running_loop().call_soon(self._end_turn)
        return self._were_alone and self._writer.idle and (self._reader is None or self._reader.idle)

    def _end_turn(self) -> None:
        self._were_alone = self._reads == 1
        self._reads = 0

    def _paced(self, connection: sqlite3.Connection, keys: Sequence[str]) -> list[Found]:
        began = time.monotonic()
        found = read(connection, self._statements, keys)
        self._pace.took(began)
        return found

    def _write(self, batch: Sequence[Operation[Any]]) -> list[Any]:
        """Run the operations in one transaction; where that breaks for one, each in its own."""
        connection = self._connections.writing
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
            return [result for operation in batch for result in self._write([operation])]
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

    def _all_failed(self, error: sqlite3.Error, batch: Sequence[object]) -> list[ComponentError]:
        return [error_of(error, self._path) for _ in batch]

    def _roll_back(self, connection: sqlite3.Connection) -> None:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
