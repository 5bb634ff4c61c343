"""What SQLite's errors mean to a caller: one table."""

from __future__ import annotations

import sqlite3
from typing import Final

from pluggable.errors import (
    ComponentError,
    DeniedError,
    InvalidRequestError,
    LimitExceededError,
    UnavailableError,
)

#: Primary result codes: the kind of error, and what the reader should know beyond SQLite's own words.
_MEANING: Final[dict[int, tuple[type[ComponentError], str]]] = {
    sqlite3.SQLITE_BUSY: (
        UnavailableError,
        "another process holds its lock for longer than busyTimeout",
    ),
    sqlite3.SQLITE_LOCKED: (UnavailableError, "another connection holds its lock"),
    sqlite3.SQLITE_FULL: (LimitExceededError, "there is no room left on its disk, or it met max_page_count"),
    sqlite3.SQLITE_READONLY: (DeniedError, "it is opened for reading only, or its file may not be written"),
    sqlite3.SQLITE_PERM: (DeniedError, "its file may not be opened by this user"),
    sqlite3.SQLITE_CANTOPEN: (UnavailableError, "its file, or the journal beside it, cannot be opened"),
    sqlite3.SQLITE_IOERR: (UnavailableError, "its disk failed"),
    sqlite3.SQLITE_INTERRUPT: (UnavailableError, "the operation was interrupted"),
    sqlite3.SQLITE_TOOBIG: (InvalidRequestError, "the value is longer than SQLite takes"),
    sqlite3.SQLITE_CORRUPT: (ComponentError, "its file is damaged; restore it from a backup"),
    sqlite3.SQLITE_NOTADB: (ComponentError, "its file is not a SQLite database"),
}
#: An extended code carries the primary one in its lowest byte.
_PRIMARY: Final = 0xFF


def error_of(error: sqlite3.Error, path: str) -> ComponentError:
    """Return the component's error for the driver's."""
    kind, meaning = _MEANING.get(code_of(error), (ComponentError, ""))
    return kind(f'database "{path}": {error}' + (f"; {meaning}" if meaning else ""))


def code_of(error: sqlite3.Error) -> int:
    """Return the primary result code, 0 where the driver itself complains."""
    code: int = getattr(error, "sqlite_errorcode", 0)
    if not code and isinstance(error, sqlite3.DataError):
        return sqlite3.SQLITE_TOOBIG
    return code & _PRIMARY
