"""
What the bindings of SQL servers share: a statement and its parameters in the metadata of a request.

Facts: components-contrib ``bindings/postgres/postgres.go`` and ``bindings/mysql/mysql.go``.
"""

from __future__ import annotations

import json
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from pluggable.bindings import InvokeRequest, InvokeResponse, OutputBinding
from pluggable.errors import InvalidRequestError

#: What may be asked for, and what it does.
OPERATIONS: Final = {
    "exec": "Runs a statement, and returns how many rows it changed.",
    "query": "Runs a statement, and returns its rows.",
    "close": "Disconnects; what is asked for later is refused.",
}
_SECOND: Final = 1_000_000_000
_MINUTE: Final = 60 * _SECOND
_HOUR: Final = 60 * _MINUTE
_UNITS: Final = ((_SECOND, "s"), (1_000_000, "ms"), (1_000, "µs"), (1, "ns"))


class SQLBinding(OutputBinding, ABC):
    """Runs statements that the caller writes; one that is answered is committed."""

    operations = tuple(OPERATIONS)
    _closed = False

    @abstractmethod
    async def _exec(self, sql: str, params: Sequence[Any]) -> int:
        """Run a statement and return how many rows it changed."""

    @abstractmethod
    async def _query(self, sql: str, params: Sequence[Any]) -> bytes:
        """Run a statement and return its rows as JSON."""

    @abstractmethod
    async def _disconnect(self) -> None:
        """Close what ``init`` has opened, if anything."""

    async def close(self) -> None:
        if not self._closed:
            self._closed = True
            await self._disconnect()

    async def ping(self) -> None:
        await self._exec("SELECT 1", ())

    async def invoke(self, request: InvokeRequest) -> InvokeResponse:
        if request.operation == "close":
            await self.close()
            return InvokeResponse()
        if self._closed:
            raise InvalidRequestError("component is closed: it was told to by the operation close")
        sql, params = _statement(request)
        begun, at = time.time_ns(), time.perf_counter_ns()
        metadata = {"operation": request.operation, "sql": sql, "start-time": stamp(begun)}
        data = None
        match request.operation:
            case "exec":
                metadata["rows-affected"] = str(await self._exec(sql, params))
            case "query":
                data = await self._query(sql, params)
            case _:
                raise InvalidRequestError(
                    f"invalid operation type: {request.operation}. Expected exec, query, or close"
                )
        took = time.perf_counter_ns() - at
        metadata["end-time"] = stamp(begun + took)
        metadata["duration"] = duration(took)
        return InvokeResponse(data=data, metadata=metadata)


def _statement(request: InvokeRequest) -> tuple[str, Sequence[Any]]:
    if not (sql := request.metadata.get("sql", "")):
        raise InvalidRequestError("required metadata not set: sql")
    if not (text := request.metadata.get("params", "")):
        return sql, ()
    try:
        params = json.loads(text)
    except ValueError as error:
        raise InvalidRequestError(f"invalid metadata property params: no JSON: {error}") from error
    if params is not None and not isinstance(params, list):
        raise InvalidRequestError(
            f"invalid metadata property params: a JSON {type(params).__name__}, wanted an array such as [1]"
        )
    return sql, params or ()


def stamp(nanoseconds: int) -> str:
    """Return a moment since the epoch as Go writes it: UTC, no zeros at the end of the fraction."""
    seconds, fraction = divmod(nanoseconds, _SECOND)
    text = f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"
    return f"{text}{_fraction(fraction, 9)}Z"


def duration(nanoseconds: int) -> str:
    """Return a time as Go writes it: ``1.5ms``, ``2m3.5s``."""
    hours, rest = divmod(nanoseconds, _HOUR)
    minutes, rest = divmod(rest, _MINUTE)
    if hours or minutes:
        seconds, fraction = divmod(rest, _SECOND)
        return f"{f'{hours}h' if hours else ''}{minutes}m{seconds}{_fraction(fraction, 9)}s"
    for size, unit in _UNITS:
        if rest >= size:
            whole, fraction = divmod(rest, size)
            return f"{whole}{_fraction(fraction, len(str(size)) - 1)}{unit}"
    return "0s"


def _fraction(value: int, digits: int) -> str:
    return f".{value:0{digits}d}".rstrip("0") if value else ""
