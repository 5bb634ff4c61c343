"""
The tables, exactly as daprd lays them out.

Facts: components-contrib ``state/sqlite/sqlite_migrations.go``, ``common/component/sql/migrations/sqlite``.
The order of the columns matters to daprd.

Importing this imports SQLAlchemy, which costs a third of a second: only who has to make tables does.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateTable


def create_state(name: str) -> str:
    """Return the statement that makes the table of values, unless it is there."""
    return _create(
        sa.Table(
            name,
            sa.MetaData(),
            sa.Column("key", sa.TEXT, primary_key=True, nullable=False),
            sa.Column("value", sa.TEXT, nullable=False),
            sa.Column("is_binary", sa.BOOLEAN, nullable=False),
            sa.Column("etag", sa.TEXT, nullable=False),
            sa.Column("expiration_time", sa.TIMESTAMP, server_default=sa.text("NULL")),
            sa.Column(
                "update_time", sa.TIMESTAMP, nullable=False, server_default=sa.text("CURRENT_TIMESTAMP")
            ),
        )
    )


def create_metadata(name: str) -> str:
    """Return the statement that makes the table with the schema's level, unless it is there."""
    return _create(
        sa.Table(
            name,
            sa.MetaData(),
            sa.Column("key", sa.TEXT, primary_key=True, nullable=False),
            sa.Column("value", sa.TEXT, nullable=False),
        )
    )


def _create(table: sa.Table) -> str:
    return str(CreateTable(table, if_not_exists=True).compile(dialect=sqlite.dialect()))
