"""
What a store asks of its database: each an object that runs itself on a connection, in the database's thread.

Facts: components-contrib ``state/sqlite/sqlite_dbaccess.go``. Bytes are kept as base64 with ``is_binary`` 1,
what came as JSON as the text it is, as daprd does; either way a reader gets bytes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from sqlite3 import Connection
from typing import Final, Generic, TypeVar
from uuid import uuid4

from pluggable.errors import ComponentError, ETagMismatchError
from pluggable.state import GetResponse

R_co = TypeVar("R_co", covariant=True)

_LAST_CLEANUP: Final = "last-cleanup"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statements:
    """SQL with named parameters."""

    get: str
    """``key`` → value, is_binary, etag, expiration_time."""
    put: str
    """``key, value, is_binary, etag, life``: whatever is stored is overwritten."""
    put_first: str
    """The same, no row where a live one is stored."""
    put_matching: str
    """The same and ``expected``: no row unless a live one has that ETag."""
    remove: str
    """``key``."""
    remove_matching: str
    """``key, expected``: no row unless one has that ETag."""
    claim_cleanup: str
    """``key, seconds``: no row if another process cleaned up within so many."""
    clean_up: str
    """Removes what has expired."""


class Operation(ABC, Generic[R_co]):
    """Something to do in a transaction that others may share; it changes all it should or nothing."""

    __slots__ = ()

    @abstractmethod
    def run(self, connection: Connection, statements: Statements) -> R_co:
        """
        Do it.

        Raises:
            ComponentError: it is not done, and the caller is told why.
            sqlite3.Error: so the database says.
        """


@dataclass(frozen=True, slots=True)
class Get(Operation["list[GetResponse | None]"]):
    """Read values, in the order of their keys."""

    keys: Sequence[str]

    def run(self, connection: Connection, statements: Statements) -> list[GetResponse | None]:
        return [self._one(connection, statements, key) for key in self.keys]

    def _one(self, connection: Connection, statements: Statements, key: str) -> GetResponse | None:
        row = connection.execute(statements.get, {"key": key}).fetchone()
        if row is None:
            return None
        value, is_binary, etag, expiration_time = row
        data = _decoded(key, value) if is_binary else value.encode()
        if expiration_time is None:
            return GetResponse(data=data, etag=etag)
        # From "2026-01-31 10:00:00.000", or without the fraction, as daprd writes it.
        shown = f"{expiration_time[:10]}T{expiration_time[11:19]}Z"
        return GetResponse(data=data, etag=etag, metadata={"ttlExpireTime": shown})


@dataclass(frozen=True, slots=True, kw_only=True)
class Put(Operation[None]):
    """Store a value."""

    key: str
    value: bytes
    as_text: bool = False
    expected: str | None = None
    first: bool = False
    seconds: int | None = None

    def run(self, connection: Connection, statements: Statements) -> None:
        value, is_binary = self._encoded()
        row = {
            "key": self.key,
            "value": value,
            "is_binary": is_binary,
            "etag": str(uuid4()),
            "life": f"+{self.seconds} seconds" if self.seconds is not None and self.seconds > 0 else None,
        }
        if self.expected:
            row["expected"] = self.expected
            if connection.execute(statements.put_matching, row).rowcount == 0:
                raise _mismatch(self.key, self.expected)
        elif self.first:
            if connection.execute(statements.put_first, row).rowcount == 0:
                raise ETagMismatchError(f'"{self.key}" is there already')
        else:
            connection.execute(statements.put, row)

    def _encoded(self) -> tuple[str, int]:
        if self.as_text:
            try:
                return self.value.decode(), 0
            except UnicodeDecodeError:
                pass  # It was called JSON and is none; the other form takes anything.
        return b64encode(self.value).decode("ascii"), 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Remove(Operation[None]):
    """Remove a value."""

    key: str
    expected: str | None = None

    def run(self, connection: Connection, statements: Statements) -> None:
        if not self.expected:
            connection.execute(statements.remove, {"key": self.key})
            return
        row = {"key": self.key, "expected": self.expected}
        if connection.execute(statements.remove_matching, row).rowcount == 0:
            raise _mismatch(self.key, self.expected)


@dataclass(frozen=True, slots=True)
class Together(Operation[None]):
    """Several operations, all or none of them."""

    operations: Sequence[Operation[None]]

    def run(self, connection: Connection, statements: Statements) -> None:
        connection.execute("SAVEPOINT together")
        try:
            for operation in self.operations:
                operation.run(connection, statements)
        except BaseException:
            # A full disk rolls back the whole transaction, and the savepoint with it.
            if connection.in_transaction:
                connection.execute("ROLLBACK TO together")
                connection.execute("RELEASE together")
            raise
        connection.execute("RELEASE together")


@dataclass(frozen=True, slots=True)
class CleanUp(Operation[int]):
    """Remove what has expired, unless another process did within the interval; gives the number of rows."""

    interval: float

    def run(self, connection: Connection, statements: Statements) -> int:
        claim = {"key": _LAST_CLEANUP, "seconds": self.interval - 0.1}
        if connection.execute(statements.claim_cleanup, claim).rowcount == 0:
            return 0
        return connection.execute(statements.clean_up).rowcount


def _decoded(key: str, value: str) -> bytes:
    try:
        return b64decode(value, validate=True)
    except ValueError as error:
        raise ComponentError(f'the row "{key}" has is_binary 1, but its value is not base64') from error


def _mismatch(key: str, expected: str) -> ETagMismatchError:
    return ETagMismatchError(f'"{key}" is no longer at {expected}')
