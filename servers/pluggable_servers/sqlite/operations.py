"""
What a store asks of its database: each an object that runs itself on a connection, in the database's thread.

Facts: components-contrib ``state/sqlite/sqlite_dbaccess.go``. Bytes are kept as base64 with ``is_binary`` 1,
what came as JSON as the text it is, as daprd does; either way a reader gets bytes.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from sqlite3 import Connection
from typing import Final, Generic, TypeVar

from pluggable.errors import ETagMismatchError
from pluggable.state import Concurrency, DeleteRequest, SetRequest

from .. import ttl
from .reading import Found, read
from .statements import Statements

R_co = TypeVar("R_co", covariant=True)

_LAST_CLEANUP: Final = "last-cleanup"
#: The hexadecimal digit that a random UUID has in the place that tells its variant.
_VARIANT: Final = "89ab" * 4


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
class Get(Operation["list[Found]"]):
    """Read values, in the order of their keys."""

    keys: Sequence[str]

    def run(self, connection: Connection, statements: Statements) -> list[Found]:
        return read(connection, statements, self.keys)


@dataclass(frozen=True, slots=True)
class Put(Operation[None]):
    """Store a value."""

    request: SetRequest

    def run(self, connection: Connection, statements: Statements) -> None:
        request = self.request
        key, expected = request.key, request.etag
        life = _life(request)
        row = (*_encoded(request), new_etag())
        if expected:
            found = connection.execute(statements.put_matching, (*row, life, key, expected))
            if found.rowcount == 0:
                raise _mismatch(key, expected)
        elif request.concurrency is Concurrency.FIRST_WRITE:
            if connection.execute(statements.put_first, (key, *row, life)).rowcount == 0:
                raise ETagMismatchError(f'"{key}" is there already')
        elif life is None:
            connection.execute(statements.put, (key, *row))
        else:
            connection.execute(statements.put_for, (key, *row, life))


@dataclass(frozen=True, slots=True)
class Remove(Operation[None]):
    """Remove a value."""

    request: DeleteRequest

    def run(self, connection: Connection, statements: Statements) -> None:
        key, expected = self.request.key, self.request.etag
        if not expected:
            connection.execute(statements.remove, (key,))
        elif connection.execute(statements.remove_matching, (key, expected)).rowcount == 0:
            raise _mismatch(key, expected)


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
        claim = (_LAST_CLEANUP, self.interval - 0.1)
        if connection.execute(statements.claim_cleanup, claim).rowcount == 0:
            return 0
        return connection.execute(statements.clean_up).rowcount


def new_etag() -> str:
    """Return a random UUID, as daprd's ETags are; made by hand, since one is made for every write."""
    text = os.urandom(16).hex()
    variant = _VARIANT[int(text[16], 16)]
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{variant}{text[17:20]}-{text[20:]}"


def _encoded(request: SetRequest) -> tuple[str, int]:
    if _is_json(request):
        try:
            return request.value.decode(), 0
        except UnicodeDecodeError:
            pass  # It was called JSON and is none; the other form takes anything.
    return b64encode(request.value).decode("ascii"), 1


def _is_json(request: SetRequest) -> bool:
    """Return whether the value is called JSON, which daprd keeps as text."""
    content_type = request.content_type or request.metadata.get("contentType")
    return content_type is not None and content_type.partition(";")[0].strip().lower() == "application/json"


def _life(request: SetRequest) -> str | None:
    if not request.metadata:
        return None
    seconds = ttl.seconds_to_live(request.metadata, lowest=-1)
    return f"+{seconds} seconds" if seconds is not None and seconds > 0 else None


def _mismatch(key: str, expected: str) -> ETagMismatchError:
    return ETagMismatchError(f'"{key}" is no longer at {expected}')
