from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import ExitStack
from typing import Any

import pytest
import redis.asyncio

from pluggable import Accepted, PubSub, Unanswered
from pluggable.delivery import Outcome
from pluggable.pubsub import Message, PublishRequest
from pluggable_servers.redis.pubsub import RedisPubSub
from tests.backends.redis import Redis
from tests.servers.running import Inbox, Silent, broker, subscribed

Bare = redis.asyncio.Redis


def at(port: int, **more: str) -> dict[str, str]:
    return {"redisHost": f"127.0.0.1:{port}", "consumerID": "app-1", "readTimeout": "500ms", **more}


@pytest.fixture
async def events(empty_redis: int) -> AsyncIterator[PubSub]:
    async with broker(RedisPubSub, at(empty_redis)) as found:
        yield found


async def pending(bare: Bare, count: int) -> None:
    """Wait until so many of the group's messages are pending."""
    async with asyncio.timeout(15):
        while (await bare.xpending("orders", "app-1"))["pending"] != count:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_message_is_daprs_entry(events: PubSub, bare: Bare) -> None:
    await events.publish(PublishRequest(topic="orders", data=b"\x00x", metadata={"b": "2", "a": "ü"}))
    await events.publish(PublishRequest(topic="orders", data=b"bare"))

    entries: Any = await bare.xrange("orders")
    [(_, first), (_, second)] = entries
    assert first[b"data"] == b"\x00x"
    assert json.loads(first[b"metadata"]) == {"a": "ü", "b": "2"}
    assert second == {b"data": b"bare"}


async def test_group_and_consumer_are_the_app(events: PubSub, bare: Bare) -> None:
    silent = Silent()
    async with subscribed(events, "orders", silent):
        await events.publish(PublishRequest(topic="orders", data=b"1"))
        await silent.next()
        groups: Any = await bare.xinfo_groups("orders")
        consumers: Any = await bare.xinfo_consumers("orders", "app-1")

    assert [(group["name"], group["pending"]) for group in groups] == [(b"app-1", 1)]
    assert [(consumer["name"], consumer["pending"]) for consumer in consumers] == [(b"app-1", 1)]


async def test_new_group_sees_the_whole_stream(events: PubSub, bare: Bare) -> None:
    await bare.xadd("orders", {"metadata": '{"k":"v"}', "data": b"of a daprd"})
    inbox = Inbox()
    async with subscribed(events, "orders", inbox):
        found = await inbox.next()

    assert (found.data, dict(found.metadata)) == (b"of a daprd", {"k": "v"})


async def test_bad_metadata_is_left_out(events: PubSub, bare: Bare) -> None:
    await bare.xadd("orders", {"metadata": "{", "data": b"1"})
    await bare.xadd("orders", {"metadata": "[1]", "data": b"2"})
    inbox = Inbox()
    async with subscribed(events, "orders", inbox):
        found = [await inbox.next(), await inbox.next()]

    assert [dict(message.metadata) for message in found] == [{}, {}]


async def test_handled_message_is_acknowledged(events: PubSub, bare: Bare) -> None:
    inbox = Inbox()
    async with subscribed(events, "orders", inbox):
        for number in range(20):
            await events.publish(PublishRequest(topic="orders", data=str(number).encode()))
        await inbox.data(20)
        await pending(bare, 0)

    assert await bare.xlen("orders") == 20


async def test_unanswered_message_comes_when_lost(empty_redis: int) -> None:
    properties = at(empty_redis, processingTimeout="200ms", redeliverInterval="50")
    inbox = Inbox(Unanswered())
    async with broker(RedisPubSub, properties) as events, subscribed(events, "orders", inbox):
        await events.publish(PublishRequest(topic="orders", data=b"1"))

        assert await inbox.data(2) == [b"1", b"1"]


async def test_slow_handler_loses_its_message(empty_redis: int, bare: Bare) -> None:
    class Slow(Inbox):
        async def __call__(self, message: Message) -> Outcome:
            await super().__call__(message)
            if len(self.messages) == 1:
                await asyncio.get_running_loop().create_future()
            return Accepted()

    properties = at(empty_redis, processingTimeout="200ms", redeliverInterval="50")
    slow = Slow()
    async with broker(RedisPubSub, properties) as events, subscribed(events, "orders", slow):
        await events.publish(PublishRequest(topic="orders", data=b"1"))

        assert await slow.data(2) == [b"1", b"1"]
        await pending(bare, 0)


async def test_message_of_a_dead_consumer_is_taken_over(empty_redis: int, bare: Bare) -> None:
    await bare.xgroup_create("orders", "app-1", id="0", mkstream=True)
    for number in range(250):
        await bare.xadd("orders", {"data": str(number)})
    await bare.xreadgroup("app-1", "app-1", {"orders": ">"})

    properties = at(empty_redis, processingTimeout="100ms", redeliverInterval="50", queueDepth="20")
    inbox = Inbox()
    async with broker(RedisPubSub, properties) as events, subscribed(events, "orders", inbox):
        found = set(await inbox.data(250))
        await pending(bare, 0)

    assert found == {str(number).encode() for number in range(250)}


async def test_trimmed_message_is_forgotten(empty_redis: int, bare: Bare) -> None:
    await bare.xgroup_create("orders", "app-1", id="0", mkstream=True)
    await bare.xadd("orders", {"data": "1"})
    await bare.xreadgroup("app-1", "app-1", {"orders": ">"})
    await bare.xtrim("orders", maxlen=0)

    properties = at(empty_redis, processingTimeout="50ms", redeliverInterval="50")
    async with broker(RedisPubSub, properties) as events, subscribed(events, "orders", Inbox()):
        await pending(bare, 0)


async def test_lost_group_is_made_again(events: PubSub, bare: Bare) -> None:
    inbox = Inbox()
    async with subscribed(events, "orders", inbox):
        await bare.delete("orders")
        await events.publish(PublishRequest(topic="orders", data=b"after"))

        assert await inbox.data(1) == [b"after"]


async def test_lost_connection_is_made_again(events: PubSub, bare: Bare) -> None:
    inbox = Inbox()
    async with subscribed(events, "orders", inbox):
        await bare.client_kill_filter(_type="normal", skipme=True)
        await events.publish(PublishRequest(topic="orders", data=b"after"))

        assert await inbox.data(1) == [b"after"]


async def test_stopped_server_is_waited_for() -> None:
    inbox = Inbox()
    with Redis.running() as redis:
        async with broker(RedisPubSub, at(redis.port)) as events, subscribed(events, "orders", inbox):
            redis.restart()
            await events.publish(PublishRequest(topic="orders", data=b"after"))

            assert await inbox.data(1) == [b"after"]


class Holding(Inbox):
    """Holds messages until it goes on, and then answers none."""

    def __init__(self) -> None:
        super().__init__()
        self.goes_on = asyncio.Event()

    async def __call__(self, message: Message) -> Outcome:
        await super().__call__(message)
        await self.goes_on.wait()
        return Unanswered()


async def test_message_after_a_cut_is_not_given_to_who_has_left() -> None:
    holding, later = Holding(), Inbox()
    with Redis.running() as server, ExitStack() as frozen:
        narrow = at(server.port, concurrency="1", queueDepth="1", readTimeout="5s")
        async with (
            redis.asyncio.Redis(port=server.port, protocol=2) as bare,
            broker(RedisPubSub, narrow) as events,
        ):
            async with subscribed(events, "orders", holding):
                for data in (b"held", b"queued", b"read"):
                    await events.publish(PublishRequest(topic="orders", data=data))
                await pending(bare, 3)
                await holding.next()
                # The server hears of the next read, the cut and the next message in one go.
                frozen.enter_context(server.frozen())
                holding.goes_on.set()
                assert await holding.data(2) == [b"queued", b"read"]
                asyncio.get_running_loop().call_later(0.1, frozen.close)
            await events.publish(PublishRequest(topic="orders", data=b"next"))

            async with subscribed(events, "orders", later):
                assert sorted(await later.data(4)) == [b"held", b"next", b"queued", b"read"]


async def test_concurrency_bounds_all_topics(empty_redis: int) -> None:
    class Counting(Inbox):
        busy = 0
        most = 0

        async def __call__(self, message: Message) -> Outcome:
            Counting.busy += 1
            Counting.most = max(Counting.most, Counting.busy)
            await asyncio.sleep(0.01)
            Counting.busy -= 1
            return await super().__call__(message)

    orders, bills = Counting(), Counting()
    async with (
        broker(RedisPubSub, at(empty_redis, concurrency="3")) as events,
        subscribed(events, "orders", orders),
        subscribed(events, "bills", bills),
    ):
        for number in range(20):
            for topic in ("orders", "bills"):
                await events.publish(PublishRequest(topic=topic, data=str(number).encode()))
        await orders.data(20)
        await bills.data(20)

    assert Counting.most == 3


async def test_stream_is_trimmed_by_length(empty_redis: int, bare: Bare) -> None:
    async with broker(RedisPubSub, at(empty_redis, maxLenApprox="100")) as events:
        for _ in range(1000):
            await events.publish(PublishRequest(topic="orders", data=b"1"))

    assert 100 <= await bare.xlen("orders") < 300


async def test_stream_is_trimmed_by_age(empty_redis: int, bare: Bare) -> None:
    for number in range(1, 1001):
        await bare.xadd("orders", {"data": "1"}, id=f"{number}-0")
    async with broker(RedisPubSub, at(empty_redis, streamTTL="1h")) as events:
        await events.publish(PublishRequest(topic="orders", data=b"new"))

    assert await bare.xlen("orders") < 300
