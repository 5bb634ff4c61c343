"""A pool of connections to MySQL or MariaDB."""

from __future__ import annotations

import asyncio
import os
from typing import Any, Final, Self

import asyncmy

from pluggable.errors import ComponentError, InitError

from ..sql.pool import Connection, Pool
from .errors import FAILURES, error_of
from .settings import DSN, MySQLBindingSettings, MySQLSettings

_FEWEST: Final = 8
_CONNECT_SECONDS: Final = 10
_CLOSE_SECONDS: Final = 5.0
_IDLE_SECONDS: Final = 3600


class MySQLConnection(Pool):
    """Opened by ``open``. A connection that is lost is made again when one is asked for next."""

    kind = "mysql"
    advice = "send less at once"
    failures = FAILURES

    @classmethod
    async def open(cls, settings: MySQLSettings) -> Self:
        """
        Connect, and make the schema where it is missing.

        Raises:
            InitError: the server is not there, or refuses the password.
        """
        return await cls._opened(
            settings.dsn,
            settings.schema_name,
            settings.address,
            timeout=settings.timeout,
            most=max(_FEWEST, os.cpu_count() or 1),
            make=True,
        )

    @classmethod
    async def open_as_is(cls, settings: MySQLBindingSettings, *, timeout: float) -> Self:
        """
        Connect to the schema that the string names, if any; nothing is made.

        Raises:
            InitError: the server or the schema is not there, or the server refuses the password.
        """
        dsn, idle = settings.dsn, settings.conn_max_idle_time.total_seconds()
        return await cls._opened(
            dsn,
            dsn.database,
            f"{dsn.address}/{dsn.database}",
            timeout=timeout,
            most=settings.max_open_conns
            if settings.max_open_conns > 0
            else max(_FEWEST, os.cpu_count() or 1),
            idle=int(idle) or _IDLE_SECONDS,
        )

    @classmethod
    async def _opened(
        cls,
        dsn: DSN,
        schema: str,
        address: str,
        *,
        timeout: float,
        most: int,
        make: bool = False,
        idle: int = _IDLE_SECONDS,
    ) -> Self:
        try:
            options = await asyncio.to_thread(dsn.options)
            options |= {
                "autocommit": True,
                "charset": "utf8mb4",
                "connect_timeout": min(int(timeout), _CONNECT_SECONDS),
                "init_command": "SET time_zone = '+00:00'",
            }
            async with asyncio.timeout(timeout):
                if make:
                    await _make_schema(schema, options)
                pool = await asyncmy.create_pool(
                    minsize=1, maxsize=most, db=schema or None, pool_recycle=idle, **options
                )
        except FAILURES as error:
            raise InitError(str(error_of(error, address))) from error
        return cls(pool, address, timeout)

    async def close(self) -> None:
        self._pool.close()
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._pool.wait_closed()
        except TimeoutError:
            self._pool.terminate()

    def error_of(self, error: Any) -> ComponentError:
        return error_of(error, self.address)

    def _size(self) -> int:
        size: int = self._pool.maxsize
        return size

    def _given_up(self, connection: Connection) -> None:
        # The next would take the answer for its own.
        connection.close()


async def _make_schema(name: str, options: dict[str, Any]) -> None:
    connection: Any = await asyncmy.connect(**options)
    try:
        async with connection.cursor() as cursor:
            await cursor.execute("SELECT 1 FROM information_schema.schemata WHERE schema_name = %s", (name,))
            if await cursor.fetchone() is None:
                await cursor.execute(f"CREATE DATABASE IF NOT EXISTS `{name}`")
    finally:
        await connection.ensure_closed()
