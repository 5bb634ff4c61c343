"""Brokers that stay away for a while: publishing says so, and all goes on by itself afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import Final

import pytest

from pluggable import PubSub
from pluggable.errors import ComponentError, TimedOutError, UnavailableError
from pluggable.pubsub import PublishRequest
from pluggable_servers.kafka.pubsub import KafkaPubSub
from pluggable_servers.mqtt.pubsub import MQTTPubSub
from pluggable_servers.nats.pubsub import JetStreamPubSub
from pluggable_servers.rabbitmq.pubsub import RabbitPubSub
from pluggable_servers.redis.pubsub import RedisPubSub
from tests.backends.kafka import Kafka
from tests.backends.mosquitto import Mosquitto
from tests.backends.nats import NATS
from tests.backends.rabbitmq import RabbitMQ
from tests.backends.redis import Redis
from tests.backends.server import AWAY_SECONDS, Server
from tests.servers.running import Inbox, broker, subscribed

pytestmark = [pytest.mark.slow]

#: What somebody is subscribed to all the time, and what nobody is until the broker is back.
WATCHED: Final = "watched"
KEPT: Final = "kept"
#: Fewer than the 20 that Mosquitto sends a client before it waits for answers: nobody answers them at first.
MESSAGES: Final = [b"%d" % number for number in range(10)]
#: So long a publish may take until it fails, in seconds.
BOUND: Final = 20.0
#: So long a broker that is back may take until it takes and delivers messages.
RECOVERY: Final = 60.0
#: Refused, a publisher asks again after so many seconds.
PAUSE: Final = 0.2


@dataclass(frozen=True, slots=True)
class Broker:
    """A component, the server it uses, which keeps what it has acknowledged, and by what properties."""

    kind: type[PubSub]
    running: Callable[[], AbstractContextManager[Server]]
    properties: Callable[[Server], Mapping[str, str]]


def streams(server: Server) -> dict[str, str]:
    assert isinstance(server, NATS)
    server.make_stream("all", WATCHED, KEPT)
    return {"natsURL": f"nats://127.0.0.1:{server.port}"}


BROKERS: Final = (
    Broker(
        RabbitPubSub,
        RabbitMQ.running,
        lambda server: {
            "connectionString": f"amqp://guest:guest@127.0.0.1:{server.port}",
            "consumerID": "shop",
            "deletedWhenUnused": "false",
            "deliveryMode": "2",
        },
    ),
    Broker(
        KafkaPubSub,
        Kafka.running,
        lambda server: {
            "brokers": f"127.0.0.1:{server.port}",
            "authType": "none",
            "consumerGroup": "shop",
            "initialOffset": "oldest",
        },
    ),
    Broker(
        MQTTPubSub,
        Mosquitto.running,
        lambda server: {"url": f"mqtt://127.0.0.1:{server.port}", "consumerID": "shop"},
    ),
    Broker(JetStreamPubSub, NATS.running, streams),
    Broker(
        RedisPubSub,
        lambda: Redis.running("--appendonly", "yes", "--appendfsync", "always"),
        lambda server: {"redisHost": f"127.0.0.1:{server.port}", "consumerID": "shop"},
    ),
)


@pytest.fixture
def brokers() -> Iterator[list[tuple[Broker, Server, Mapping[str, str]]]]:
    """All brokers with their properties; they start at the same time."""

    def started(kind: Broker) -> tuple[Broker, Server, Mapping[str, str]]:
        server = stack.enter_context(kind.running())
        return kind, server, kind.properties(server)

    with ExitStack() as stack, ThreadPoolExecutor(len(BROKERS)) as pool:
        yield list(pool.map(started, BROKERS))


async def test_brokers_that_stayed_away_are_used_again(
    brokers: list[tuple[Broker, Server, Mapping[str, str]]],
) -> None:
    async with asyncio.TaskGroup() as tasks:  # side by side, as each waits more than it works
        for kind, server, properties in brokers:
            tasks.create_task(is_lost_and_comes_back(kind.kind, server, properties))


async def is_lost_and_comes_back(kind: type[PubSub], server: Server, properties: Mapping[str, str]) -> None:
    inbox, kept = Inbox(), Inbox()
    try:
        async with broker(kind, properties) as events, subscribed(events, WATCHED, inbox):
            async with subscribed(events, KEPT, Inbox()):
                pass  # there is a queue now, where there are queues
            for data in MESSAGES:
                await events.publish(PublishRequest(topic=KEPT, data=data))

            away = server.away()
            await asyncio.to_thread(away.__enter__)
            await refused_for(AWAY_SECONDS, events, server)
            await asyncio.to_thread(away.__exit__, None, None, None)
            await delivered_again(events, inbox)

            async with subscribed(events, KEPT, kept):
                assert await kept.data(len(MESSAGES)) == MESSAGES
    except Exception as error:
        error.add_note(f"with {kind.__name__}")
        raise


async def refused_for(seconds: float, events: PubSub, server: Server) -> None:
    """Publish again and again; each time it fails within the bound, by an error that says where."""
    end = asyncio.get_running_loop().time() + seconds
    while asyncio.get_running_loop().time() < end:
        with pytest.raises((UnavailableError, TimedOutError), match=f":{server.port}"):
            async with asyncio.timeout(BOUND):
                await events.publish(PublishRequest(topic=WATCHED, data=b"meanwhile"))
        await asyncio.sleep(PAUSE)


async def delivered_again(events: PubSub, inbox: Inbox) -> None:
    """Publish until the broker takes it, and wait until it arrives; what failed may come before it."""
    async with asyncio.timeout(RECOVERY):
        while True:
            try:
                await events.publish(PublishRequest(topic=WATCHED, data=b"after"))
                break
            except ComponentError:
                await asyncio.sleep(PAUSE)
        while (data := (await inbox.next()).data) != b"after":
            assert data == b"meanwhile"
