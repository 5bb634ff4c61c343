"""Values read: many keys a statement, all that are asked for together as of one moment."""

from __future__ import annotations

from binascii import a2b_base64
from collections.abc import Sequence
from sqlite3 import Connection
from typing import Any

from pluggable.errors import ComponentError
from pluggable.state import GetResponse

from .statements import MANY, Statements

#: A value, nothing, or why this one cannot be told.
Found = GetResponse | ComponentError | None


def read(connection: Connection, statements: Statements, keys: Sequence[str]) -> list[Found]:
    """Return what is stored, in the order of the keys."""
    if len(keys) == 1:
        row = connection.execute(statements.get, keys).fetchone()
        return [None if row is None else _found(row)]
    # One transaction: what another connection commits meanwhile is seen by all the statements or by none.
    began = len(keys) > MANY and not connection.in_transaction
    if began:
        connection.execute("BEGIN")
    try:
        rows = _rows(connection, statements, keys)
    finally:
        if began and connection.in_transaction:
            connection.execute("COMMIT")
    found = {row[0]: _found(row) for row in rows}
    return [found.get(key) for key in keys]


def _rows(connection: Connection, statements: Statements, keys: Sequence[str]) -> list[Any]:
    rows: list[Any] = []
    for first in range(0, len(keys), MANY):
        some = keys[first : first + MANY]
        # Asking for one more than once costs nothing, a statement of another length would.
        rows += connection.execute(statements.get_many, [*some, *[some[-1]] * (MANY - len(some))]).fetchall()
    return rows


def _found(row: Any) -> Found:
    key, value, is_binary, etag, expiration_time = row
    if is_binary:
        try:
            data = a2b_base64(value, strict_mode=True)
        except ValueError:
            return ComponentError(f'the row "{key}" has is_binary 1, but its value is not base64')
    else:
        data = value.encode()
    if expiration_time is None:
        return GetResponse(data=data, etag=etag)
    # From "2026-01-31 10:00:00.000", or without the fraction, as daprd writes it.
    shown = f"{expiration_time[:10]}T{expiration_time[11:19]}Z"
    return GetResponse(data=data, etag=etag, metadata={"ttlExpireTime": shown})
