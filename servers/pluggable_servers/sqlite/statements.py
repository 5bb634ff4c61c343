"""
The statements that a store lives on, as text for the driver.

Facts: components-contrib ``state/sqlite/sqlite_dbaccess.go``. Times are written to the millisecond,
where daprd writes whole seconds: both read either, and a value with one second to live has it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

#: For how many keys ``get_many`` asks; a statement of one text is compiled once.
MANY: Final = 32

_FORM: Final = "'%Y-%m-%d %H:%M:%f'"
_NOW: Final = f"strftime({_FORM}, 'now')"
_LIVE: Final = f"(expiration_time IS NULL OR expiration_time > {_NOW})"
#: What is ``NULL`` for a life of ``NULL``.
_END: Final = f"strftime({_FORM}, 'now', ?)"
_COLUMNS: Final = "key, value, is_binary, etag, expiration_time"
_OVERWRITE: Final = (
    "ON CONFLICT (key) DO UPDATE SET value = excluded.value, is_binary = excluded.is_binary,"
    " etag = excluded.etag, expiration_time = excluded.expiration_time, update_time = excluded.update_time"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statements:
    """SQL with parameters in the order given here; ``life`` is a modifier such as ``+10 seconds``."""

    get: str
    """key → key, value, is_binary, etag, expiration_time."""
    get_many: str
    """The same for ``MANY`` keys, in no order."""
    put: str
    """key, value, is_binary, etag: whatever is stored is overwritten, and lives for ever."""
    put_for: str
    """key, value, is_binary, etag, life: the same for a while."""
    put_first: str
    """key, value, is_binary, etag, life: no row where a live one is stored."""
    put_matching: str
    """value, is_binary, etag, life, key, expected: no row unless a live one has that ETag."""
    remove: str
    """key."""
    remove_matching: str
    """key, expected: no row unless one has that ETag."""
    claim_cleanup: str
    """key, seconds: no row if another process cleaned up within so many."""
    clean_up: str
    """Removes what has expired."""


def statements(table_name: str, metadata_table_name: str) -> Statements:
    """Return the statements for these tables; the names hold nothing that would have to be escaped."""
    table, metadata = f'"{table_name}"', f'"{metadata_table_name}"'
    reading = f"SELECT {_COLUMNS} FROM {table}"
    writing = f"INSERT INTO {table} ({_COLUMNS}, update_time)"
    row = f"{writing} VALUES (?, ?, ?, ?, {_END}, CURRENT_TIMESTAMP) {_OVERWRITE}"
    places = ", ".join("?" * MANY)
    return Statements(
        get=f"{reading} WHERE key = ? AND {_LIVE}",
        get_many=f"{reading} WHERE key IN ({places}) AND {_LIVE}",
        put=f"{writing} VALUES (?, ?, ?, ?, NULL, CURRENT_TIMESTAMP) {_OVERWRITE}",
        put_for=row,
        put_first=f"{row} WHERE NOT {_LIVE}",
        put_matching=(
            f"UPDATE {table} SET value = ?, is_binary = ?, etag = ?, expiration_time = {_END},"
            f" update_time = CURRENT_TIMESTAMP WHERE key = ? AND etag = ? AND {_LIVE}"
        ),
        remove=f"DELETE FROM {table} WHERE key = ?",
        remove_matching=f"DELETE FROM {table} WHERE key = ? AND etag = ?",
        claim_cleanup=(
            f"INSERT INTO {metadata} (key, value) VALUES (?, CURRENT_TIMESTAMP)"
            " ON CONFLICT (key) DO UPDATE SET value = excluded.value"
            " WHERE (julianday('now') - julianday(value)) * 86400.0 >= ?"
        ),
        clean_up=f"DELETE FROM {table} WHERE expiration_time < {_NOW}",
    )
