"""
How a database gets its tables.

Facts: components-contrib ``state/sqlite/sqlite_migrations.go``, ``common/component/sql/migrations/sqlite``.
"""

from __future__ import annotations

import logging
from sqlite3 import Connection, OperationalError
from typing import Final

from pluggable.errors import InitError

logger = logging.getLogger(__name__)

#: The row of the metadata table that says how far a database was brought, and how far this code brings it.
MIGRATIONS: Final = "migrations"
LEVEL: Final = 1

_LEVEL: Final = 'SELECT value FROM "{name}" WHERE key = ?'
_SET_LEVEL: Final = (
    'INSERT INTO "{name}" (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value'
)
_IS_TABLE: Final = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?"


def migrate(connection: Connection, table_name: str, metadata_table_name: str) -> None:
    """Bring the database to this code's level; of several processes that open it, one does it."""
    if _is_there(connection, table_name, metadata_table_name):
        return  # without a lock that others would have to wait for
    try:
        # By SQLAlchemy, which tables that are there never need.
        from .tables import create_metadata, create_state
    except ModuleNotFoundError as error:
        raise InitError(
            f'the table "{table_name}" has to be made, and {error.name} is not installed, which does that; '
            'pip install "pluggable-components[sqlite]"'
        ) from error

    connection.execute("BEGIN EXCLUSIVE")
    try:
        connection.execute(create_metadata(metadata_table_name))
        level = _level(connection, metadata_table_name)
        if level < LEVEL:
            connection.execute(_SET_LEVEL.format(name=metadata_table_name), (MIGRATIONS, str(LEVEL)))
        if level <= LEVEL:
            # Also at this level: the table may have got another name since.
            connection.execute(create_state(table_name))
        else:
            logger.warning(
                'the table "%s" is at level %d, later than %d, which this version knows; reading it as it is',
                table_name,
                level,
                LEVEL,
            )
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _is_there(connection: Connection, table_name: str, metadata_table_name: str) -> bool:
    """Return whether nothing has to be done, as at every start but the first."""
    try:
        level = _level(connection, metadata_table_name)
    except OperationalError:
        return False  # no such table
    return level == LEVEL and connection.execute(_IS_TABLE, (table_name,)).fetchone() is not None


def _level(connection: Connection, metadata_table_name: str) -> int:
    row = connection.execute(_LEVEL.format(name=metadata_table_name), (MIGRATIONS,)).fetchone()
    return int(row[0]) if row is not None else 0
