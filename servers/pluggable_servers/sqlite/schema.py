"""
The tables, exactly as daprd lays them out, and how a database gets them.

Facts: components-contrib ``state/sqlite/sqlite_dbaccess.go``, ``sqlite_migrations.go``,
``common/component/sql/migrations/sqlite``. The order of the columns matters to daprd.

Importing this imports SQLAlchemy, which costs a third of a second: a component does it in ``init``.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from sqlite3 import Connection
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateTable

logger = logging.getLogger(__name__)

#: What the statements are written for; the driver binds ``:name``.
DIALECT: Final = sqlite.dialect(paramstyle="named")
#: The row of the metadata table that says how far a database was brought, and how far this code brings it.
MIGRATIONS: Final = "migrations"
LEVEL: Final = 1


@dataclass(frozen=True, slots=True)
class Schema:
    """The two tables of one component."""

    state: sa.Table
    metadata: sa.Table


def schema(table_name: str, metadata_table_name: str) -> Schema:
    """Return the tables under these names."""
    tables = sa.MetaData()
    state = sa.Table(
        table_name,
        tables,
        sa.Column("key", sa.TEXT, primary_key=True, nullable=False),
        sa.Column("value", sa.TEXT, nullable=False),
        sa.Column("is_binary", sa.BOOLEAN, nullable=False),
        sa.Column("etag", sa.TEXT, nullable=False),
        sa.Column("expiration_time", sa.TIMESTAMP, server_default=sa.text("NULL")),
        sa.Column("update_time", sa.TIMESTAMP, nullable=False, server_default=sa.text("CURRENT_TIMESTAMP")),
    )
    metadata = sa.Table(
        metadata_table_name,
        tables,
        sa.Column("key", sa.TEXT, primary_key=True, nullable=False),
        sa.Column("value", sa.TEXT, nullable=False),
    )
    return Schema(state, metadata)


def migrate(connection: Connection, tables: Schema) -> None:
    """Bring the database to this code's level; of several processes that open it, one does it."""
    connection.execute("BEGIN EXCLUSIVE")
    try:
        connection.execute(_created(tables.metadata))
        level = _level(connection, tables)
        if level < LEVEL:
            connection.execute(_compiled(_set_level(tables)), {"key": MIGRATIONS, "value": str(LEVEL)})
        if level <= LEVEL:
            # Also at this level: the table may have got another name since.
            connection.execute(_created(tables.state))
        else:
            logger.warning(
                'the table "%s" is at level %d, later than %d, which this version knows; reading it as it is',
                tables.state.name,
                level,
                LEVEL,
            )
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _level(connection: Connection, tables: Schema) -> int:
    metadata = tables.metadata
    query = sa.select(metadata.c.value).where(metadata.c.key == sa.bindparam("key"))
    row = connection.execute(_compiled(query), {"key": MIGRATIONS}).fetchone()
    return int(row[0]) if row is not None else 0


def _set_level(tables: Schema) -> sqlite.Insert:
    row = sqlite.insert(tables.metadata).values(key=sa.bindparam("key"), value=sa.bindparam("value"))
    return row.on_conflict_do_update(index_elements=["key"], set_={"value": row.excluded.value})


def _created(table: sa.Table) -> str:
    return str(CreateTable(table, if_not_exists=True).compile(dialect=DIALECT))


def _compiled(statement: sa.ClauseElement) -> str:
    return str(statement.compile(dialect=DIALECT))
