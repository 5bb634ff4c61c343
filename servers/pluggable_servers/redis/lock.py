"""
Locks in Redis, at the keys and with the values daprd uses.

Facts: components-contrib ``lock/redis/standalone.go``. A lock is a string at its name, which the sidecar
gives its prefix, with the owner as its value and the time to live that was asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from pluggable import About
from pluggable.errors import InitError
from pluggable.lock import LockStore, TryLockRequest, UnlockRequest, UnlockStatus
from pluggable.metadata import Metadata

from .connection import RedisConnection
from .errors import FAILURES, error_of
from .settings import AUTHENTICATION, RedisSettings

#: Looks at the owner and removes the lock in one step; returns which of the answers below it is.
_UNLOCK: Final = """
local owner = redis.call('GET', KEYS[1])
if owner == false then return 1 end
if owner ~= ARGV[1] then return 2 end
redis.call('DEL', KEYS[1])
return 0
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisLockSettings(RedisSettings):
    """The properties of ``lock.redis``."""

    def faults(self) -> list[str]:
        faults = RedisSettings.faults(self)
        if self.redis_type == "cluster":
            faults.append(
                "redisType is cluster, wanted node: a lock would be lost with the master that has it, "
                "this component does not support connecting to Redis Cluster"
            )
        return faults


class RedisLockStore(LockStore):
    """Locks that one server keeps, or the master that sentinels name."""

    about = About(
        settings=RedisLockSettings,
        title="Redis",
        description="Locks in Redis, at the keys that daprd's lock.redis uses.",
        url="https://docs.dapr.io/reference/components-reference/supported-locks/redis-lock/",
        authentication=AUTHENTICATION,
    )

    def __init__(self) -> None:
        self._opened: RedisConnection | None = None

    async def init(self, metadata: Metadata) -> None:
        settings = metadata.parse(RedisLockSettings)
        opened = await RedisConnection.open(settings)
        try:
            await _check_alone(opened, settings)
        except BaseException:
            await opened.close()
            raise
        self._opened = opened

    async def close(self) -> None:
        if self._opened is not None:
            await self._opened.close()

    async def ping(self) -> None:
        await self._call("PING")

    async def try_lock(self, request: TryLockRequest) -> bool:
        answer = await self._call("SET", request.resource, request.owner, "EX", request.expiry_seconds, "NX")
        return answer is not None

    async def unlock(self, request: UnlockRequest) -> UnlockStatus:
        return UnlockStatus(await self._call("EVAL", _UNLOCK, 1, request.resource, request.owner))

    async def _call(self, *command: Any) -> Any:
        if self._opened is None:
            raise InitError("lock.redis was not initialised: await init first")
        try:
            return await self._opened.call(*command)
        except FAILURES as error:
            raise error_of(error, self._opened.address) from error


async def _check_alone(opened: RedisConnection, settings: RedisLockSettings) -> None:
    """
    Return if nothing can take the server's place without its locks.

    Raises:
        InitError: it has replicas, and no sentinels are set that see to them.
    """
    try:
        found = await opened.alone("INFO", "replication")
    except FAILURES:
        return  # a server that does not say has none that anybody knows of
    if int(found.get("connected_slaves", 0)) and not settings.failover:
        raise InitError(
            f"redis {opened.address}: replication is not supported: it has {found['connected_slaves']} "
            "replicas, and one that takes its place may not know of a lock; set failover and its sentinels"
        )
