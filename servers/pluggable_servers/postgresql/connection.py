"""A pool of connections to PostgreSQL."""

from __future__ import annotations

import asyncio
from typing import Any, Final, Self

import asyncpg

from pluggable.errors import ComponentError, InitError

from ..sql.pool import Connection, Pool
from .errors import FAILURES, error_of
from .settings import PostgreSQLSettings

#: The statements that stay prepared on a connection.
_STATEMENTS: Final = 100
_IDLE_SECONDS: Final = 1800.0
_CONNECT_SECONDS: Final = 10.0
_CLOSE_SECONDS: Final = 5.0


class _Plain(asyncpg.Connection):  # type: ignore[misc]  # asyncpg has no types
    """Sets nothing that would have to be reset when it goes back to the pool: that costs a round trip."""

    def get_reset_query(self) -> str:
        return ""


class PostgreSQLConnection(Pool):
    """Opened by ``open``. A connection that is lost is made again when it is asked for next."""

    kind = "postgresql"
    advice = "raise maxConns, or send less at once"
    failures = FAILURES

    @classmethod
    async def open(cls, settings: PostgreSQLSettings, *, timeout: float) -> Self:
        """
        Connect and see that the server answers.

        Args:
            settings: Where the server is.
            timeout: How long an operation may take in seconds, the wait for a connection included.

        Raises:
            InitError: it does not, or refuses the password.
        """
        prepares = settings.query_exec_mode in ("", "cache_statement")
        try:
            pool = await asyncpg.create_pool(
                settings.url,
                min_size=1,
                max_size=settings.connections,
                max_inactive_connection_lifetime=settings.connection_max_idle_time.total_seconds()
                or _IDLE_SECONDS,
                statement_cache_size=_STATEMENTS if prepares else 0,
                timeout=min(timeout, _CONNECT_SECONDS),
                connection_class=_Plain,
            )
        except (*FAILURES, ValueError) as error:
            raise InitError(str(error_of(error, settings.address))) from error
        return cls(pool, settings.address, timeout)

    async def close(self) -> None:
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()

    def error_of(self, error: Any) -> ComponentError:
        return error_of(error, self.address)

    def _size(self) -> int:
        size: int = self._pool.get_max_size()
        return size

    def _given_up(self, connection: Connection) -> None:
        """Leave it to asyncpg, which waits for what is on its way, or ends the connection."""
