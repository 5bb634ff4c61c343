"""
A state store in MySQL or MariaDB, on the tables daprd uses: either can take over from the other.

Facts: components-contrib ``state/mysql``.
"""

from __future__ import annotations

from pluggable import About
from pluggable.errors import MetadataError
from pluggable.metadata import Metadata

from ..sql.store import SQLStateStore
from .connection import MySQLConnection
from .settings import AUTHENTICATION, MySQLSettings
from .tables import MySQLTables


class MySQLStateStore(SQLStateStore):
    """Keys and values in one table; an answered write is committed."""

    about = About(
        settings=MySQLSettings,
        title="MySQL and MariaDB",
        description="Keys and values in one table of MySQL or MariaDB, the one of daprd's state.mysql.",
        url="https://docs.dapr.io/reference/components-reference/supported-state-stores/setup-mysql/",
        authentication=AUTHENTICATION,
    )

    async def init(self, metadata: Metadata) -> None:
        settings = _settings(metadata)
        tables = MySQLTables(await MySQLConnection.open(settings), settings)
        try:
            await tables.migrate()
        except BaseException:
            await tables.server.close()
            raise
        self._opened_as(tables, metadata.name, settings.cleanup_interval.total_seconds())


def _settings(metadata: Metadata) -> MySQLSettings:
    """Return the settings; that there is no connection string is told in daprd's words, too."""
    try:
        return metadata.parse(MySQLSettings)
    except MetadataError as error:
        if metadata.get("connectionString"):
            raise
        raise MetadataError([f"missing connection string: {error.faults[0]}", *error.faults[1:]]) from error
