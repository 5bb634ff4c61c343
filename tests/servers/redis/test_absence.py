"""A Redis that is away, frozen, full, or asks for another password: each component tells, and recovers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
import redis

from pluggable import (
    ComponentError,
    DeniedError,
    InitError,
    LimitExceededError,
    Metadata,
    TimedOutError,
    UnavailableError,
)
from pluggable.bindings import InvokeRequest
from pluggable.configuration import Changes, GetRequest as ItemsRequest, Notify, SubscribeRequest
from pluggable.lock import TryLockRequest
from pluggable.pubsub import PublishRequest
from pluggable.state import GetRequest, SetRequest
from pluggable_servers.redis.binding import RedisBinding
from pluggable_servers.redis.configuration import RedisConfigurationStore
from pluggable_servers.redis.lock import RedisLockStore
from pluggable_servers.redis.pubsub import RedisPubSub
from pluggable_servers.redis.state import RedisStateStore
from tests.backends.redis import Redis
from tests.backends.server import AWAY_SECONDS
from tests.servers.running import Inbox, subscribed

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("redis-absence")]

#: By its defaults a component waits 5 s for a connection and 3 s for an answer; more for busy machines.
BOUND_SECONDS = 12.0
#: Kept over a restart, so that what was acknowledged is there afterwards.
KEEPING = ("--appendonly", "yes", "--appendfsync", "always")

Calls = Mapping[str, Callable[[], Awaitable[object]]]


class Watcher(Notify):
    """Takes what a subscription tells."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[str] = asyncio.Queue()

    async def __call__(self, changes: Changes) -> None:
        for item in changes.values():
            self.told.put_nowait(item.value if item else "")


class House:
    """One component of each block at one server."""

    def __init__(self) -> None:
        self.state = RedisStateStore()
        self.events = RedisPubSub()
        self.locks = RedisLockStore()
        self.settings = RedisConfigurationStore()
        self.binding = RedisBinding()
        self._asked = 0

    def calls(self) -> Calls:
        """Something to ask of each, by what it is."""
        self._asked += 1
        binding = InvokeRequest(operation="create", data=b"1", metadata={"key": "b"})
        lock = TryLockRequest(resource=f"r{self._asked}", owner="me", expiry_seconds=60)
        return {
            "get": lambda: self.state.get(GetRequest(key="k")),
            "set": lambda: self.state.set(SetRequest(key="k", value=b"1")),
            "publish": lambda: self.events.publish(PublishRequest(topic="others", data=b"1")),
            "lock": lambda: self.locks.try_lock(lock),
            "configuration": lambda: self.settings.get(ItemsRequest(keys=["c"])),
            "binding": lambda: self.binding.invoke(binding),
        }


@asynccontextmanager
async def house(port: int, **more: str) -> AsyncIterator[House]:
    """Components that are initialised."""
    found = House()
    properties = {"redisHost": f"127.0.0.1:{port}", "consumerID": "app", **more}
    async with AsyncExitStack() as stack:
        for each in (found.state, found.events, found.locks, found.settings, found.binding):
            await each.init(Metadata(properties, "orders"))
            stack.push_async_callback(each.close)
        yield found


async def refusals(calls: Calls) -> dict[str, ComponentError]:
    """What each call failed with, all in bounded time."""

    async def refusal(call: Callable[[], Awaitable[object]]) -> ComponentError:
        async with asyncio.timeout(BOUND_SECONDS):
            with pytest.raises(ComponentError) as caught:
                await call()
        return caught.value

    answers = await asyncio.gather(*(refusal(call) for call in calls.values()))
    return dict(zip(calls, answers, strict=True))


async def all_work(calls: Calls) -> None:
    for call in calls.values():
        await call()


async def all_work_again(found: House) -> None:
    """Wait until each does, without anything being made anew."""
    async with asyncio.timeout(30):
        while True:
            try:
                return await all_work(found.calls())
            except (UnavailableError, TimedOutError):
                await asyncio.sleep(0.1)  # the server may still be about to wake up


async def test_redis_that_stayed_away_is_used_again() -> None:
    inbox, watcher = Inbox(), Watcher()
    with Redis.running(*KEEPING) as server:
        async with (
            house(server.port) as found,
            subscribed(found.events, "orders", inbox),
            asyncio.TaskGroup() as tasks,
        ):
            request = SubscribeRequest(keys=["c"])
            watching = tasks.create_task(found.settings.subscribe(request, watcher))
            await all_work(found.calls())
            with server.away():
                end = time.monotonic() + AWAY_SECONDS
                while time.monotonic() < end:
                    for error in (await refusals(found.calls())).values():
                        assert isinstance(error, UnavailableError), error
                        assert f"redis 127.0.0.1:{server.port}" in str(error)

            await all_work_again(found)
            await found.events.publish(PublishRequest(topic="orders", data=b"after"))
            assert await inbox.data(1) == [b"after"]
            with redis.Redis(port=server.port) as bare:
                bare.set("c", "new||1")
            async with asyncio.timeout(30):
                while await watcher.told.get() != "new":
                    pass
            watching.cancel()


async def test_frozen_redis_is_cut_off_and_used_again() -> None:
    with Redis.running() as server:
        async with house(server.port) as found:
            await all_work(found.calls())
            with server.frozen():
                for error in (await refusals(found.calls())).values():
                    assert isinstance(error, TimedOutError), error
                    assert f"redis 127.0.0.1:{server.port}" in str(error)

            await all_work_again(found)


async def test_full_redis_says_so_and_is_used_again() -> None:
    with Redis.running("--maxmemory-policy", "noeviction") as server:
        async with house(server.port) as found, subscribed(found.events, "orders", inbox := Inbox()):
            await all_work(found.calls())
            with redis.Redis(port=server.port) as bare:
                bare.config_set("maxmemory", 1)
                calls = {name: found.calls()[name] for name in ("set", "publish", "lock", "binding")}
                for error in (await refusals(calls)).values():
                    assert isinstance(error, LimitExceededError), error
                    assert "maxmemory" in str(error)
                assert await found.state.get(GetRequest(key="k")) is not None
                bare.config_set("maxmemory", 0)

            await all_work(found.calls())
            await found.events.publish(PublishRequest(topic="orders", data=b"after"))
            assert await inbox.data(1) == [b"after"]


async def test_password_that_is_no_longer_valid_is_told_and_not_shown() -> None:
    with Redis.running() as server, redis.Redis(port=server.port) as bare:
        bare.acl_setuser(
            "orders", enabled=True, passwords=["+first-secret"], keys="*", commands=["+@all"], channels=["*"]
        )
        async with house(server.port, redisUsername="orders", redisPassword="first-secret") as found:
            await all_work(found.calls())
            bare.acl_setuser("orders", enabled=True, passwords=["-first-secret", "+second-secret"])
            bare.client_kill_filter(_type="normal", skipme=True)

            for error in (await refusals(found.calls())).values():
                assert isinstance(error, DeniedError), error
                assert "check redisUsername and redisPassword" in str(error)
                assert "secret" not in f"{error!r}"
            with pytest.raises(InitError, match="check redisUsername and redisPassword"):
                async with house(server.port, redisUsername="orders", redisPassword="first-secret"):
                    pass
            async with house(server.port, redisUsername="orders", redisPassword="second-secret") as anew:
                await all_work(anew.calls())
