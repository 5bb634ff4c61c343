"""Brokers that hold their connections and do nothing: that is told in time, and got over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
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
from tests.backends.kafka import Kafka
from tests.backends.mosquitto import Mosquitto
from tests.backends.nats import NATS
from tests.backends.rabbitmq import RabbitMQ
from tests.backends.server import Server
from tests.servers.running import Inbox, broker, subscribed

pytestmark = [pytest.mark.slow]

TOPIC: Final = "events"
#: So long publishing may take until it fails, and until it works again, in seconds.
BOUND: Final = 60.0


@dataclass(frozen=True, slots=True)
class Broker:
    """A server, the component that uses it, and by what properties."""

    kind: type[PubSub]
    server: type[Server]
    properties: Callable[[Server], Mapping[str, str]]


def stream(server: Server) -> dict[str, str]:
    assert isinstance(server, NATS)
    server.make_stream("all", TOPIC)
    return {"natsURL": f"nats://127.0.0.1:{server.port}"}


BROKERS: Final = {
    "rabbitmq": Broker(
        RabbitPubSub,
        RabbitMQ,
        lambda server: {
            "connectionString": f"amqp://guest:guest@127.0.0.1:{server.port}",
            "consumerID": "shop",
            "deletedWhenUnused": "false",
            "reconnectWaitSeconds": "200ms",
        },
    ),
    "kafka": Broker(
        KafkaPubSub,
        Kafka,
        lambda server: {
            "brokers": f"127.0.0.1:{server.port}",
            "authType": "none",
            "consumerGroup": "shop",
            "readTimeout": "2s",
        },
    ),
    "mqtt": Broker(
        MQTTPubSub,
        Mosquitto,
        lambda server: {"url": f"mqtt://127.0.0.1:{server.port}", "consumerID": "shop"},
    ),
    "nats": Broker(JetStreamPubSub, NATS, stream),
}


@pytest.fixture(params=[pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in BROKERS])
def frozen_soon(request: pytest.FixtureRequest) -> Iterator[tuple[Broker, Server]]:
    """A broker of the test's own."""
    kind = BROKERS[request.param]
    with kind.server.running() as server:
        yield kind, server


async def published(events: PubSub, data: bytes) -> None:
    """Publish until the broker takes it."""
    async with asyncio.timeout(BOUND):
        while True:
            try:
                return await events.publish(PublishRequest(topic=TOPIC, data=data))
            except ComponentError:
                continue


async def test_silence_is_told_and_got_over(frozen_soon: tuple[Broker, Server]) -> None:
    kind, server = frozen_soon
    inbox = Inbox()
    properties = await asyncio.to_thread(kind.properties, server)
    async with broker(kind.kind, properties) as events, subscribed(events, TOPIC, inbox):
        await published(events, b"before")
        assert await inbox.data(1) == [b"before"]

        with server.frozen(), pytest.raises((TimedOutError, UnavailableError), match=f":{server.port}: .+"):
            async with asyncio.timeout(BOUND):
                await events.publish(PublishRequest(topic=TOPIC, data=b"meanwhile"))
        await published(events, b"after")

        # What failed in between may have been taken all the same.
        while (data := (await inbox.next()).data) != b"after":
            assert data == b"meanwhile"
