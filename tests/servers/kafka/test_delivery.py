"""Nothing is lost and partitions keep their order, though consumers are killed and the broker goes."""

from __future__ import annotations

import asyncio

import pytest

from pluggable.errors import ComponentError, InitError
from pluggable.pubsub import PublishRequest
from pluggable_servers.kafka.pubsub import KafkaPubSub
from tests.backends.kafka import Kafka
from tests.delivery import Plan, flood
from tests.servers.running import Inbox, broker, subscribed

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("kafka")]


async def test_none_of_5000_is_lost(properties: dict[str, str]) -> None:
    with Kafka.running() as own:
        # The group misses a member that is killed when its session is over; six seconds is the least.
        brief = {**properties, "brokers": own.address, "sessionTimeout": "6s", "heartbeatInterval": "2s"}
        ledger = await flood(KafkaPubSub, brief, own, Plan())

    assert ledger.done == {*range(1, 5001)}
    assert ledger.interrupted > 0


async def test_order_holds_though_consumers_are_killed(
    kafka: Kafka, properties: dict[str, str], topic: str
) -> None:
    plan = Plan(messages=300, kills=2, restarts=0, lanes=1)
    ledger = await flood(KafkaPubSub, properties, kafka, plan, topic)

    assert ledger.done == {*range(1, 301)}
    assert ledger.in_order


async def test_broker_that_comes_back_is_used_again(properties: dict[str, str], topic: str) -> None:
    inbox = Inbox()
    with Kafka.running() as own:
        brief = {**properties, "brokers": own.address, "readTimeout": "2s"}
        async with broker(KafkaPubSub, brief) as events, subscribed(events, topic, inbox):
            with own.away(), pytest.raises(ComponentError, match=own.address):
                await events.publish(PublishRequest(topic=topic, data=b"1"))
            async with asyncio.timeout(60):
                while True:
                    try:
                        await events.publish(PublishRequest(topic=topic, data=b"2"))
                        break
                    except ComponentError:
                        continue
                while (await inbox.next()).data != b"2":
                    pass


async def test_broker_that_is_not_there_is_named(properties: dict[str, str]) -> None:
    with pytest.raises(InitError, match=r"kafka 127\.0\.0\.1:1"):
        async with broker(KafkaPubSub, {**properties, "brokers": "127.0.0.1:1"}):
            pass
