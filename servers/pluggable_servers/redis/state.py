"""
A state store in Redis, at the keys and in the hashes daprd uses.

Facts: components-contrib ``state/redis/redis.go``. The layout with the JSON module (metadata ``contentType``
JSON on a server that has it) and queries are left out: values called JSON are stored in the hash like all
others, and a JSON document that a daprd stored is refused with that word.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from redis.exceptions import NoScriptError, ResponseError

from pluggable import About, state
from pluggable.errors import (
    ComponentError,
    ETagInvalidError,
    ETagMismatchError,
    InitError,
)
from pluggable.keyspace import NativeBulk
from pluggable.metadata import NO_METADATA, Metadata, setting

from .. import ttl
from .connection import Command, RedisConnection
from .errors import FAILURES, error_of
from .scripts import APPLY, APPLY_SHA
from .settings import AUTHENTICATION, RedisSettings

logger = logging.getLogger(__name__)

Write = state.SetRequest | state.DeleteRequest

#: How long a strong write waits for its replicas, in milliseconds.
_REPLICAS_WAIT: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisStateSettings(RedisSettings):
    """The properties of ``state.redis``."""

    ttl_in_seconds: int | None = setting(
        default=None,
        description="How long values live that do not say; else for ever.",
        example="3600",
    )
    query_indexes: str = setting(default="", description="Not supported here, and without effect.")


class RedisStateStore(state.StateStore, state.ETagged, state.Transactional, state.Expiring, NativeBulk):
    """Keys and values in Redis; concurrent requests, those of a bulk among them, share pipelines."""

    about = About(
        settings=RedisStateSettings,
        title="Redis",
        description="Keys and values in Redis, at the keys and in the hashes that daprd's state.redis uses.",
        url="https://docs.dapr.io/reference/components-reference/supported-state-stores/setup-redis/",
        authentication=AUTHENTICATION,
    )

    def __init__(self) -> None:
        self._opened: RedisConnection | None = None
        self._life: int | None = None
        self._replicas = 0

    async def init(self, metadata: Metadata) -> None:
        settings = metadata.parse(RedisStateSettings)
        self._life = settings.ttl_in_seconds
        if settings.query_indexes:
            logger.warning(
                'state.redis "%s": queryIndexes has no effect, queries are not supported', metadata.name
            )
        self._opened = await RedisConnection.open(settings)
        if settings.redis_type != "cluster":
            found = await self._opened.alone("INFO", "replication")
            self._replicas = int(found.get("connected_slaves", 0))

    async def close(self) -> None:
        if self._opened is not None:
            await self._opened.close()

    async def ping(self) -> None:
        await self._call("PING")

    async def get(self, request: state.GetRequest) -> state.GetResponse | None:
        return await self._value(request.key, self._redis.submit(_reading(request.key)))

    async def bulk_get(
        self, requests: Sequence[state.GetRequest], *, parallelism: int = 0
    ) -> list[state.BulkGetItem]:
        keys = [request.key for request in requests]
        answers = [self._redis.submit(_reading(key)) for key in keys]
        await asyncio.gather(*answers, return_exceptions=True)
        return [await self._item(key, answer) for key, answer in zip(keys, answers, strict=True)]

    async def set(self, request: state.SetRequest) -> None:
        await self._apply([request])

    async def delete(self, request: state.DeleteRequest) -> None:
        await self._apply([request])

    async def transact(self, operations: Sequence[Write], metadata: Mapping[str, str] = NO_METADATA) -> None:
        if operations:
            await self._apply(operations)

    async def _apply(self, operations: Sequence[Write]) -> None:
        """Apply the operations, all or none."""
        arguments = self._arguments(operations)
        strong = self._replicas and any(
            operation.consistency is state.Consistency.STRONG for operation in operations
        )
        run = self._run_strongly if strong else self._run
        try:
            place, version = await run(arguments)
        except FAILURES as error:
            raise error_of(error, self._redis.address) from error
        if place:
            raise _mismatch(operations[place - 1], version.decode())

    async def _run(self, arguments: Command) -> Any:
        try:
            return await self._redis.call("EVALSHA", APPLY_SHA, *arguments)
        except NoScriptError:
            # A server that just started has no scripts; EVAL leaves it there.
            return await self._redis.call("EVAL", APPLY, *arguments)

    async def _run_strongly(self, arguments: Command) -> Any:
        """Run on a connection of its own, and wait there until the replicas have it."""
        wait = ("WAIT", self._replicas, _REPLICAS_WAIT)
        found, reached = await self._redis.together([("EVAL", APPLY, *arguments), wait])
        for answer in (found, reached):
            if isinstance(answer, Exception):
                raise answer
        return found

    async def _item(self, key: str, answer: Awaitable[Any]) -> state.BulkGetItem:
        try:
            return state.BulkGetItem(key=key, value=await self._value(key, answer))
        except ComponentError as error:
            return state.BulkGetItem(key=key, error=str(error))

    async def _value(self, key: str, answer: Awaitable[Any]) -> state.GetResponse | None:
        """Return the value that an answer to reading has, or that of a string."""
        try:
            data, version = await answer
        except ResponseError as error:
            if not str(error).startswith("WRONGTYPE"):
                raise error_of(error, self._redis.address) from error
            return await self._plain(key)
        except FAILURES as error:
            raise error_of(error, self._redis.address) from error
        if data is None and version is None:
            return None
        if data is None or version is None:
            raise ComponentError(f"\"{key}\" is a hash without 'data' or 'version', which a value has")
        return state.GetResponse(data=data, etag=version.decode())

    async def _plain(self, key: str) -> state.GetResponse:
        """Return what daprd stored in its early days: the value alone, without an ETag."""
        try:
            return state.GetResponse(data=await self._redis.call("GET", key))
        except ResponseError as error:
            raise ComponentError(
                f'"{key}" is neither a hash nor a string: {error}; the JSON module is not supported'
            ) from error
        except FAILURES as error:
            raise error_of(error, self._redis.address) from error

    async def _call(self, *command: Any) -> Any:
        try:
            return await self._redis.call(*command)
        except FAILURES as error:
            raise error_of(error, self._redis.address) from error

    def _arguments(self, operations: Sequence[Write]) -> list[Any]:
        keys = [operation.key for operation in operations]
        values: list[Any] = []
        for operation in operations:
            if isinstance(operation, state.SetRequest):
                values += ("S", *_conditions(operation), self._life_of(operation), operation.value)
            else:
                values += ("D", _etag(operation), "", "", "")
        return [len(keys), *keys, *values]

    def _life_of(self, request: state.SetRequest) -> str | int:
        """Return the seconds to live; "" leaves them as they are and 0 is for ever."""
        seconds = ttl.seconds_to_live(request.metadata) if request.metadata else None
        if seconds is None:
            seconds = self._life
        return "" if seconds is None else max(0, seconds)

    @property
    def _redis(self) -> RedisConnection:
        if self._opened is None:
            raise InitError("state.redis was not initialised: await init first")
        return self._opened


def _reading(key: str) -> Command:
    return ("HMGET", key, "data", "version")


def _conditions(request: state.SetRequest) -> tuple[str, str]:
    """Return the ETag to hold against the stored one, and whether nothing may be stored yet."""
    first = "1" if request.concurrency is state.Concurrency.FIRST_WRITE else ""
    # daprd's Redis alone: who says last-write overwrites, whatever ETag comes along.
    return "" if request.concurrency is state.Concurrency.LAST_WRITE else _etag(request), first


def _etag(request: Write) -> str:
    if not request.etag:
        return ""
    if not (request.etag.isascii() and request.etag.isdecimal()):
        raise ETagInvalidError(f'"{request.etag}" for "{request.key}", wanted a whole number')
    return str(int(request.etag))


def _mismatch(operation: Write, version: str) -> ETagMismatchError:
    if not operation.etag:
        return ETagMismatchError(f'"{operation.key}" is there already, at {version}')
    found = f"is at {version}" if version else "is not there"
    return ETagMismatchError(f'"{operation.key}" {found}, not {operation.etag}')
