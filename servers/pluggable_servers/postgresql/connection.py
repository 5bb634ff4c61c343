"""A pool of connections to a server, for which callers queue up to a limit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, Self

import asyncpg

from pluggable.errors import InitError, LimitExceededError

from .errors import FAILURES, error_of
from .settings import PostgreSQLSettings

#: So many callers wait for a connection; who comes then is refused.
LONGEST_QUEUE: Final = 4096
#: The statements that stay prepared on a connection.
_STATEMENTS: Final = 100
_IDLE_SECONDS: Final = 1800.0
_CONNECT_SECONDS: Final = 10.0
_CLOSE_SECONDS: Final = 5.0

#: One of asyncpg, which has no types.
Connection = Any


class _Plain(asyncpg.Connection):  # type: ignore[misc]  # asyncpg has no types
    """Sets nothing that would have to be reset when it goes back to the pool: that costs a round trip."""

    def get_reset_query(self) -> str:
        return ""


class PostgreSQLConnection:
    """Opened by ``open``. A connection that is lost is made again when it is asked for next."""

    def __init__(self, pool: asyncpg.Pool, address: str, timeout: float) -> None:
        self.address = address
        self._pool = pool
        self._timeout = timeout
        self._waiting = 0

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
        """Disconnect; what is under way has a moment to end."""
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()

    @asynccontextmanager
    async def acquired(self) -> AsyncIterator[Connection]:
        """
        Lend a connection; what is done in here is bounded in time.

        Raises:
            ComponentError: the server is not there, says no, or gave no answer in time.
            LimitExceededError: too many wait for a connection already.
        """
        if self._waiting >= LONGEST_QUEUE:
            raise LimitExceededError(
                f"postgresql {self.address}: {self._waiting} requests wait for one of "
                f"{self._pool.get_max_size()} connections; raise maxConns, or send less at once"
            )
        self._waiting += 1
        waits = True
        try:
            async with asyncio.timeout(self._timeout), self._pool.acquire() as connection:
                self._waiting -= 1
                waits = False
                yield connection
        except FAILURES as error:
            raise error_of(error, self.address) from error
        finally:
            self._waiting -= waits
