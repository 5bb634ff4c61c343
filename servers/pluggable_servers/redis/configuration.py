"""
Settings in Redis, in the strings daprd uses; the server tells of changes by keyspace notifications.

Facts: components-contrib ``configuration/redis/redis.go``. A setting is a string ``value||version`` at its
own name. Unlike there, keys are scanned for instead of listed in one go, and what the server tells of already
is left as it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from redis.exceptions import ResponseError

from pluggable import About
from pluggable.configuration import ConfigurationStore, GetRequest, Item, Notify, SubscribeRequest
from pluggable.errors import InitError
from pluggable.metadata import Metadata

from .connection import RedisConnection
from .errors import FAILURES, error_of
from .settings import AUTHENTICATION, RedisSettings
from .values import item_of
from .watching import RedisWatch


class RedisConfigurationStore(ConfigurationStore):
    """Settings that other programs write into Redis."""

    about = About(
        settings=RedisSettings,
        title="Redis",
        description="Settings in Redis, in the strings that daprd's configuration.redis uses.",
        url="https://docs.dapr.io/reference/components-reference/supported-configuration-stores/redis-configuration-store/",
        authentication=AUTHENTICATION,
    )

    def __init__(self) -> None:
        self._opened: RedisConnection | None = None
        self._name = ""
        self._database = 0

    async def init(self, metadata: Metadata) -> None:
        settings = metadata.parse(RedisSettings)
        self._name = metadata.name
        self._database = 0 if settings.redis_type == "cluster" else settings.redis_db
        self._opened = await RedisConnection.open(settings)

    async def close(self) -> None:
        if self._opened is not None:
            await self._opened.close()

    async def ping(self) -> None:
        await self._call("PING")

    async def get(self, request: GetRequest) -> Mapping[str, Item]:
        return await self._items(request.keys or await self._keys())

    async def subscribe(self, request: SubscribeRequest, notify: Notify) -> None:
        keys = tuple(dict.fromkeys(request.keys))
        watch = RedisWatch(self._redis, self._database, store=self, keys=keys, notify=notify, name=self._name)
        await watch.run()

    async def _items(self, keys: Sequence[str]) -> dict[str, Item]:
        """Return the settings among the keys; what is no string is none."""
        answers = [self._redis.submit(("GET", key)) for key in keys]
        found = await asyncio.gather(*answers, return_exceptions=True)
        items: dict[str, Item] = {}
        for key, stored in zip(keys, found, strict=True):
            if isinstance(stored, ResponseError) and str(stored).startswith("WRONGTYPE"):
                continue
            if isinstance(stored, FAILURES):
                raise error_of(stored, self._redis.address) from stored
            if isinstance(stored, BaseException):
                raise stored
            if (item := item_of(stored)) is not None:
                items[key] = item
        return items

    async def _keys(self) -> list[str]:
        try:
            return await self._redis.keys()
        except FAILURES as error:
            raise error_of(error, self._redis.address) from error

    async def _call(self, *command: Any) -> Any:
        try:
            return await self._redis.call(*command)
        except FAILURES as error:
            raise error_of(error, self._redis.address) from error

    @property
    def _redis(self) -> RedisConnection:
        if self._opened is None:
            raise InitError("configuration.redis was not initialised: await init first")
        return self._opened
