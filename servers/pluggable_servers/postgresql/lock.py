"""Locks in a table of PostgreSQL, by the clock of the server; Dapr has no such component."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from pluggable import About
from pluggable.errors import InitError
from pluggable.lock import LockStore, TryLockRequest, UnlockRequest, UnlockStatus
from pluggable.metadata import Metadata, setting

from .connection import PostgreSQLConnection
from .errors import FAILURES
from .settings import AUTHENTICATION, PostgreSQLSettings

_SHORTEST_TIMEOUT: Final = timedelta(seconds=1)
_NAME: Final = re.compile(r"([a-z_][a-z0-9_]{0,50}\.)?[a-z_][a-z0-9_]{0,50}")
#: Whoever makes the table holds this, as IF NOT EXISTS alone fails where two come at once.
_MAKING: Final = 0x706C6C6B
#: Locks that were never given back are removed each time so many were asked for.
_SWEEP_EVERY: Final = 500

_MAKE: Final = """
CREATE TABLE IF NOT EXISTS {0} (resource text PRIMARY KEY, owner text NOT NULL, expires timestamptz NOT NULL)
"""
_TRY: Final = """
INSERT INTO {0} AS held (resource, owner, expires)
VALUES ($1, $2, clock_timestamp() + $3 * interval '1 second')
ON CONFLICT (resource) DO UPDATE
SET owner = excluded.owner, expires = clock_timestamp() + $3 * interval '1 second'
WHERE held.expires <= clock_timestamp()
RETURNING true
"""
_UNLOCK: Final = """
WITH gone AS (
    DELETE FROM {0} WHERE resource = $1 AND owner = $2 AND expires > clock_timestamp() RETURNING 1
)
SELECT CASE
    WHEN EXISTS (SELECT FROM gone) THEN 0
    WHEN EXISTS (SELECT FROM {0} WHERE resource = $1 AND owner <> $2 AND expires > clock_timestamp()) THEN 2
    ELSE 1
END
"""
_SWEEP: Final = """
DELETE FROM {0} WHERE resource IN (
    SELECT resource FROM {0} WHERE expires <= clock_timestamp() FOR UPDATE SKIP LOCKED
)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgreSQLLockSettings(PostgreSQLSettings):
    """The properties of ``lock.postgresql``."""

    table_name: str = setting(
        default="dapr_locks",
        description="The table of the locks, made if it is not there; a schema and a dot may precede it.",
    )
    timeout: timedelta = setting(  # noqa: RUF009  frozen
        default=timedelta(seconds=20),
        aliases=("timeoutInSeconds",),
        description="How long an operation may take.",
    )

    def __post_init__(self) -> None:
        PostgreSQLSettings.__post_init__(self)
        if not _NAME.fullmatch(self.table_name):
            raise ValueError(
                f'tableName is "{self.table_name}", wanted small letters, digits, underscores, 51 at most, '
                "perhaps behind a schema and a dot"
            )
        if self.timeout < _SHORTEST_TIMEOUT:
            raise ValueError(f"timeout is {self.timeout.total_seconds():g} s, wanted 1 s or more")


class PostgreSQLLockStore(LockStore):
    """Locks that are rows; one that is taken outlives a restart of the server."""

    about = About(
        settings=PostgreSQLLockSettings,
        title="PostgreSQL",
        description="Locks in a table of PostgreSQL.",
        url="https://docs.dapr.io/reference/components-reference/supported-locks/",
        authentication=AUTHENTICATION,
    )

    def __init__(self) -> None:
        self._opened: PostgreSQLConnection | None = None
        self._table = ""
        self._asked = 0

    async def init(self, metadata: Metadata) -> None:
        settings = metadata.parse(PostgreSQLLockSettings)
        opened = await PostgreSQLConnection.open(settings, timeout=settings.timeout.total_seconds())
        try:
            await _make(opened, settings.table_name)
        except BaseException:
            await opened.close()
            raise
        self._table = settings.table_name
        self._opened = opened

    async def close(self) -> None:
        if self._opened is not None:
            await self._opened.close()

    async def ping(self) -> None:
        await self._value("SELECT 1")

    async def try_lock(self, request: TryLockRequest) -> bool:
        self._asked += 1
        if self._asked % _SWEEP_EVERY == 0:
            await self._value(_SWEEP)
        taken = await self._value(_TRY, request.resource, request.owner, request.expiry_seconds)
        return taken is not None

    async def unlock(self, request: UnlockRequest) -> UnlockStatus:
        return UnlockStatus(await self._value(_UNLOCK, request.resource, request.owner))

    async def _value(self, statement: str, *arguments: Any) -> Any:
        if self._opened is None:
            raise InitError("lock.postgresql was not initialised: await init first")
        async with self._opened.acquired() as connection:
            return await connection.fetchval(statement.format(self._table), *arguments)


async def _make(opened: PostgreSQLConnection, table: str) -> None:
    """Make the table if it is not there; where it is, no right to make one is needed."""
    async with opened.acquired() as connection:
        if await connection.fetchval("SELECT to_regclass($1)", table) is not None:
            return
        try:
            async with connection.transaction():
                await connection.execute("SELECT pg_advisory_xact_lock($1)", _MAKING)
                await connection.execute(_MAKE.format(table))
        except FAILURES as error:
            raise InitError(
                f'postgresql {opened.address}: table "{table}" cannot be made: {error}'
            ) from error
