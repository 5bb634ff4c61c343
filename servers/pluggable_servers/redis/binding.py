"""
Keys of Redis as a binding: written, read, counted and removed.

Facts: components-contrib ``bindings/redis/redis.go``, ``metadata/utils.go`` for the time to live.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from pluggable import About
from pluggable.bindings import InvokeRequest, InvokeResponse, OutputBinding
from pluggable.errors import InitError, InvalidRequestError
from pluggable.metadata import Metadata, parse_duration

from .connection import Command, RedisConnection
from .errors import FAILURES, error_of
from .settings import AUTHENTICATION, RedisSettings

#: What may be asked for, and what it does.
_OPERATIONS: Final = {
    "create": "Stores the data at metadata key, for as long as ttlInSeconds says.",
    "get": "Returns what is at metadata key, and removes it too with delete=true.",
    "delete": "Removes what is at metadata key.",
    "increment": "Adds one to the number at metadata key; it then lives for as long as ttlInSeconds says.",
}
#: The names of a request's time to live, the first of which counts.
_LIFE: Final = ("ttl", "ttlinseconds")
_MILLISECOND: Final = timedelta(milliseconds=1)


class RedisBinding(OutputBinding):
    """One command of Redis an operation; concurrent requests share pipelines."""

    about = About(
        settings=RedisSettings,
        title="Redis",
        description="Values at keys of Redis, as daprd's bindings.redis writes and reads them.",
        url="https://docs.dapr.io/reference/components-reference/supported-bindings/redis/",
        authentication=AUTHENTICATION,
        operations=_OPERATIONS,
    )
    operations = tuple(_OPERATIONS)

    def __init__(self) -> None:
        self._opened: RedisConnection | None = None

    async def init(self, metadata: Metadata) -> None:
        self._opened = await RedisConnection.open(metadata.parse(RedisSettings))

    async def close(self) -> None:
        if self._opened is not None:
            await self._opened.close()

    async def ping(self) -> None:
        await self._call(("PING",))

    async def invoke(self, request: InvokeRequest) -> InvokeResponse:
        key = request.metadata.get("key", "")
        if not key:
            raise InvalidRequestError("missing key in request metadata: wanted the key of Redis as key")
        match request.operation:
            case "create":
                await self._call(_storing(key, request))
            case "get":
                reads = "GETDEL" if request.metadata.get("delete") == "true" else "GET"
                return InvokeResponse(data=await self._call((reads, key)))
            case "delete":
                await self._call(("DEL", key))
            case "increment":
                await self._increment(key, _milliseconds(request.metadata))
            case other:
                raise InvalidRequestError(
                    f"invalid operation: {other}, wanted one of {', '.join(self.operations)}"
                )
        return InvokeResponse()

    async def _increment(self, key: str, life: int | None) -> None:
        if life is None:
            await self._call(("INCR", key))
            return
        try:
            answers = await self._redis.together([("INCR", key), ("PEXPIRE", key, life)])
        except FAILURES as error:
            raise error_of(error, self._redis.address) from error
        for answer in answers:
            if isinstance(answer, Exception):
                raise error_of(answer, self._redis.address) from answer

    async def _call(self, command: Command) -> Any:
        try:
            return await self._redis.call(*command)
        except FAILURES as error:
            raise error_of(error, self._redis.address) from error

    @property
    def _redis(self) -> RedisConnection:
        if self._opened is None:
            raise InitError("bindings.redis was not initialised: await init first")
        return self._opened


def _storing(key: str, request: InvokeRequest) -> Command:
    """Return the command that stores; value and life arrive together, where daprd sends two commands."""
    life = _milliseconds(request.metadata)
    return ("SET", key, request.data, *(("PX", life) if life is not None else ()))


def _milliseconds(metadata: Mapping[str, str]) -> int | None:
    """
    Return how long a key is to live, ``None`` where the request does not say.

    Raises:
        InvalidRequestError: it is neither a whole number of seconds nor a duration, or not above zero.
    """
    found = {name.lower(): text for name, text in metadata.items()}
    text = next((found[name] for name in _LIFE if found.get(name)), "")
    if not text:
        return None
    try:
        life = parse_duration(text)
    except (ValueError, OverflowError) as error:
        raise _refused(text) from error
    if life < _MILLISECOND:
        raise _refused(text)
    return life // _MILLISECOND


def _refused(text: str) -> InvalidRequestError:
    return InvalidRequestError(
        f'ttlInSeconds is "{text}", wanted a whole number of seconds above zero, or a duration such as 5m'
    )
