"""The harness itself, with a broker that keeps its promises and one that acknowledges early."""

from __future__ import annotations

import asyncio

import pytest

from pluggable.delivery import Accepted, Delivery, Outcome
from pluggable.pubsub import Message, Topic
from pluggable_servers.redis.pubsub import RedisPubSub
from tests.backends.redis import Redis

from . import Plan, flood

pytestmark = pytest.mark.slow

PLAN = Plan(messages=400, kills=2, restarts=0, patience_seconds=60, handling_seconds=0.01)


class Hasty(RedisPubSub):
    """Acknowledges before anybody has handled anything."""

    async def subscribe(self, topic: Topic, deliver: Delivery[Message]) -> None:
        async with asyncio.TaskGroup() as tasks:
            await RedisPubSub.subscribe(self, topic, _Hastily(deliver, tasks))


class _Hastily(Delivery[Message]):
    def __init__(self, deliver: Delivery[Message], tasks: asyncio.TaskGroup) -> None:
        self._deliver = deliver
        self._tasks = tasks

    async def __call__(self, message: Message) -> Outcome:
        self._tasks.create_task(self._hand_over(message))
        return Accepted()

    async def _hand_over(self, message: Message) -> None:
        await self._deliver(message)

    def ready(self) -> None:
        self._deliver.ready()


def properties(redis: Redis) -> dict[str, str]:
    return {
        "redisHost": f"127.0.0.1:{redis.port}",
        "consumerID": "flood",
        "processingTimeout": "1s",
        "redeliverInterval": "500ms",
    }


async def test_all_messages_are_handled_though_consumers_are_killed() -> None:
    with Redis.running("--appendonly", "yes") as redis:
        ledger = await flood(RedisPubSub, properties(redis), redis, PLAN)

    assert ledger.done == {*range(1, 401)}
    assert ledger.interrupted > 0


async def test_broker_that_acknowledges_early_is_found_out() -> None:
    plan = Plan(messages=400, kills=2, restarts=0, patience_seconds=15, handling_seconds=0.01)
    with Redis.running() as redis, pytest.raises(TimeoutError, match="never handled"):
        await flood(Hasty, properties(redis), redis, plan)
