"""Floods through Redis streams: nothing is lost, whoever is killed, and order holds where it can."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import redis

from pluggable_servers.redis.pubsub import RedisPubSub
from tests.backends.redis import Redis
from tests.delivery import Plan, flood

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("redis-delivery")]


def at(server: Redis) -> Mapping[str, str]:
    return {
        "redisHost": f"127.0.0.1:{server.port}",
        "consumerID": "flood",
        "processingTimeout": "1s",
        "redeliverInterval": "500ms",
    }


async def test_nothing_is_lost_over_three_kills_and_a_restart() -> None:
    plan = Plan(messages=5000, kills=3, restarts=1)
    with Redis.running("--appendonly", "yes", "--appendfsync", "always") as server:
        ledger = await flood(RedisPubSub, at(server), server, plan)

        with redis.Redis(port=server.port) as bare:
            pending = bare.xpending("flood", "flood")["pending"]

    assert ledger.done == {*range(1, plan.messages + 1)}
    assert ledger.interrupted > 0
    assert pending == 0


async def test_nothing_is_lost_over_a_crash_of_the_server() -> None:
    plan = Plan(messages=1000, kills=1, restarts=2, abrupt=True)
    with Redis.running("--appendonly", "yes", "--appendfsync", "always") as server:
        ledger = await flood(RedisPubSub, at(server), server, plan)

    assert ledger.done == {*range(1, plan.messages + 1)}


async def test_rejected_message_is_given_up_and_costs_no_other() -> None:
    plan = Plan(messages=300, kills=2, restarts=0, poison=10)
    with Redis.running("--appendonly", "yes") as server:
        ledger = await flood(RedisPubSub, at(server), server, plan)

        with redis.Redis(port=server.port) as bare:
            pending = bare.xpending("flood", "flood")["pending"]

    poisoned = {*range(10, 301, 10)}
    assert {*ledger.rejected} == poisoned
    assert {*ledger.handled} == {*range(1, 301)} - poisoned
    # Who rejects has put it to the dead letters already, if there are any.
    assert pending == 0


async def test_order_holds_over_a_crash_of_the_server() -> None:
    plan = Plan(messages=600, kills=0, restarts=1, abrupt=True, lanes=1)
    with Redis.running("--appendonly", "yes", "--appendfsync", "always") as server:
        ledger = await flood(RedisPubSub, {**at(server), "concurrency": "1"}, server, plan)

    assert ledger.done == {*range(1, plan.messages + 1)}
    assert ledger.in_order
