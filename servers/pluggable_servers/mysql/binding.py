"""
Statements that callers write, run by a MySQL or MariaDB server.

Facts: components-contrib ``bindings/mysql``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from weakref import WeakSet

from asyncmy.constants import COMMAND

from pluggable import About
from pluggable.errors import InitError
from pluggable.metadata import Metadata

from ..sql.binding import OPERATIONS, SQLBinding
from ..sql.pool import Connection
from .connection import MySQLConnection
from .params import filled
from .rows import encoded, is_bytes
from .settings import MySQLBindingSettings

_TIMEOUT_SECONDS: Final = 20.0
_MULTI_STATEMENTS_OFF: Final = b"\x01\x00"


class MySQLBinding(SQLBinding):
    """Runs the statement in the metadata ``sql``, with the JSON array in ``params`` for each ``?`` of it."""

    about = About(
        settings=MySQLBindingSettings,
        title="MySQL and MariaDB",
        url="https://docs.dapr.io/reference/components-reference/supported-bindings/mysql/",
        operations=OPERATIONS,
    )

    def __init__(self) -> None:
        self._opened: MySQLConnection | None = None
        self._single: WeakSet[Any] = WeakSet()
        """The connections on which the server was told to take one statement at a time."""

    async def init(self, metadata: Metadata) -> None:
        settings = metadata.parse(MySQLBindingSettings)
        self._opened = await MySQLConnection.open_as_is(settings, timeout=_TIMEOUT_SECONDS)

    async def _exec(self, sql: str, params: Sequence[Any]) -> int:
        changed, _, _ = await self._run(sql, params)
        return changed

    async def _query(self, sql: str, params: Sequence[Any]) -> bytes:
        _, rows, columns = await self._run(sql, params)
        return encoded(rows, columns)

    async def _run(self, sql: str, params: Sequence[Any]) -> tuple[int, Sequence[Any], Sequence[Any]]:
        async with self._server.acquired() as connection, connection.cursor() as cursor:
            await self._take_one_at_a_time(connection)
            text = filled(sql, params, connection.escape)
            changed: int = await cursor.execute(text)
            if cursor.description is None:
                return changed, (), ()
            fields = cursor._result.fields
            columns = [
                (each.name, each.type_code, is_bytes(each.type_code, each.charsetnr)) for each in fields
            ]
            return 0, await cursor.fetchall(), columns

    async def _take_one_at_a_time(self, connection: Connection) -> None:
        """Have the server refuse several statements in one, which the driver allows and daprd's does not."""
        if connection not in self._single:
            await connection._execute_command(COMMAND.COM_SET_OPTION, _MULTI_STATEMENTS_OFF)
            await connection.read_packet()
            self._single.add(connection)

    async def _disconnect(self) -> None:
        if self._opened is not None:
            await self._opened.close()

    @property
    def _server(self) -> MySQLConnection:
        if self._opened is None:
            raise InitError("bindings.mysql was not initialised: await init first")
        return self._opened
