"""Brokers that are full, or that a message is too large for: told so, and nothing is acknowledged."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pytest
from nats.js.api import DiscardPolicy, StreamConfig

from pluggable import PubSub
from pluggable.errors import LimitExceededError, TimedOutError, UnavailableError
from pluggable.pubsub import BulkEntry, BulkPublisher, BulkPublishRequest, PublishRequest
from pluggable_servers.azure.pubsub import ServiceBusQueues, ServiceBusTopics
from pluggable_servers.kafka.pubsub import KafkaPubSub
from pluggable_servers.mqtt.pubsub import MQTTPubSub
from pluggable_servers.nats.pubsub import JetStreamPubSub
from pluggable_servers.rabbitmq.pubsub import RabbitPubSub
from tests.backends.kafka import Kafka
from tests.backends.mosquitto import Mosquitto
from tests.backends.nats import NATS
from tests.backends.rabbitmq import RabbitMQ
from tests.backends.servicebus import ServiceBus
from tests.servers.running import Inbox, broker, subscribed

pytestmark = [pytest.mark.slow]

TOPIC: Final = "events"
LARGE: Final = b"x" * 5000


async def publish(events: PubSub, data: bytes) -> None:
    await events.publish(PublishRequest(topic=TOPIC, data=data))


@dataclass(frozen=True, slots=True)
class Alarm:
    """What an operator of RabbitMQ says to raise it and to lift it, and what the broker then says."""

    setting: str
    raised: str
    lifted: str
    said: str


@pytest.mark.xdist_group("rabbitmq")
@pytest.mark.parametrize(
    "alarm",
    [
        Alarm("set_vm_memory_high_watermark", "0.00001", "0.4", "low on memory"),
        Alarm("set_disk_free_limit", "1000000GB", "1MB", "low on disk"),
    ],
    ids=["memory", "disk"],
)
async def test_rabbitmq_with_an_alarm_delivers_and_takes_messages_again(
    alarm: Alarm, caplog: pytest.LogCaptureFixture
) -> None:
    inbox = Inbox()
    with RabbitMQ.running() as node:
        properties = {
            "connectionString": f"amqp://guest:guest@127.0.0.1:{node.port}",
            "consumerID": "shop",
            "deletedWhenUnused": "false",
        }
        async with broker(RabbitPubSub, properties) as events:
            async with subscribed(events, TOPIC, Inbox()):
                pass  # the queue is there, and stays
            await publish(events, b"before")
            await asyncio.to_thread(node.control, alarm.setting, alarm.raised)
            with pytest.raises(TimedOutError, match=f":{node.port}: .* may be out of memory or disk"):
                async with asyncio.timeout(60):
                    await publish(events, b"meanwhile")
            assert alarm.said in caplog.text
            async with subscribed(events, TOPIC, inbox):
                assert await inbox.data(1) == [b"before"]
                await asyncio.to_thread(node.control, alarm.setting, alarm.lifted)
                await publish(events, b"after")

                # What was not acknowledged may have been on its way.
                while (data := (await inbox.next()).data) != b"after":
                    assert data == b"meanwhile"


@pytest.mark.xdist_group("kafka")
async def test_kafka_refuses_what_is_too_large_for_the_topic() -> None:
    inbox = Inbox()
    with Kafka.running("message.max.bytes=1000") as server:
        properties = {"brokers": server.address, "authType": "none", "consumerGroup": "shop"}
        async with broker(KafkaPubSub, properties) as events, subscribed(events, TOPIC, inbox):
            with pytest.raises(LimitExceededError, match=f"kafka {server.address}: .*MessageSizeTooLarge"):
                await publish(events, LARGE)
            await publish(events, b"small")

            assert await inbox.data(1) == [b"small"]


@pytest.mark.xdist_group("mqtt")
@pytest.mark.parametrize("qos", ["1", "2"])
async def test_mqtt_gives_up_what_the_broker_hangs_up_on(qos: str) -> None:
    inbox = Inbox()
    with Mosquitto.running("allow_anonymous true", "max_packet_size 1000") as server:
        properties = {"url": f"mqtt://127.0.0.1:{server.port}", "consumerID": "shop", "qos": qos}
        async with broker(MQTTPubSub, properties) as events, subscribed(events, TOPIC, inbox):
            with pytest.raises(UnavailableError, match=f':{server.port}: .* to topic "{TOPIC}" .* how large'):
                await publish(events, LARGE)
            await publish(events, b"small")

            assert await inbox.data(1) == [b"small"]


@pytest.mark.xdist_group("mqtt")
async def test_mqtt_message_of_a_request_that_ended_is_not_sent_again() -> None:
    inbox = Inbox()
    with Mosquitto.running("allow_anonymous true", "max_packet_size 1000") as server:
        properties = {"url": f"mqtt://127.0.0.1:{server.port}", "consumerID": "shop"}
        async with broker(MQTTPubSub, properties) as events, subscribed(events, TOPIC, inbox):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await publish(events, LARGE)
            await publish(events, b"small")

            assert await inbox.data(1) == [b"small"]


@pytest.mark.xdist_group("nats")
@pytest.mark.parametrize(
    ("limit", "data", "said"),
    [
        ({"max_bytes": 6000}, LARGE, "maximum bytes exceeded"),
        ({"max_msgs": 2}, b"third", "maximum messages exceeded"),
        ({"max_msg_size": 1000}, LARGE, "message size exceeds maximum allowed"),
    ],
)
async def test_jetstream_refuses_what_a_stream_has_no_room_for(
    limit: Mapping[str, int], data: bytes, said: str
) -> None:
    inbox = Inbox()
    with NATS.running() as server:
        address = f"127.0.0.1:{server.port}"
        async with server.streams() as streams:
            full = StreamConfig(name="full", subjects=[TOPIC], discard=DiscardPolicy.NEW)
            await streams.add_stream(full.evolve(**limit))
            properties = {"natsURL": f"nats://{address}"}
            async with broker(JetStreamPubSub, properties) as events, subscribed(events, TOPIC, inbox):
                await publish(events, b"first")
                await publish(events, LARGE[:1000])
                with pytest.raises(LimitExceededError, match=f"nats {address}: {said}"):
                    await publish(events, data)
                await streams.purge_stream("full")
                await publish(events, b"last")

                assert await inbox.data(3) == [b"first", LARGE[:1000], b"last"]


@pytest.mark.xdist_group("azure")
@pytest.mark.parametrize(("kind", "what"), [(ServiceBusTopics, "Topic"), (ServiceBusQueues, "Queue")])
async def test_service_bus_refuses_what_an_entity_has_no_room_for(kind: type[PubSub], what: str) -> None:
    inbox = Inbox()
    with ServiceBus.running("--quota", "10000") as bus:
        properties = {
            "connectionString": bus.connection_string(),
            "consumerID": "shop",
            "disableEntityManagement": "true",
            "publishInitialRetryIntervalInMs": "50",
        }
        async with broker(kind, properties) as events:
            async with subscribed(events, TOPIC, Inbox()):
                pass  # a topic has a subscription, which stays
            for each in (b"1", b"2"):
                await publish(events, each + LARGE)
            said = rf"127\.0\.0\.1:{bus.port}: The maximum entity size has been reached .* {what}: '{TOPIC}'"
            with pytest.raises(LimitExceededError, match=said):
                await publish(events, b"3" + LARGE)
            assert isinstance(events, BulkPublisher)
            entry = BulkEntry(entry_id="first", data=b"4")
            [failed] = await events.bulk_publish(BulkPublishRequest(topic=TOPIC, entries=[entry]))
            assert re.search(said, failed.error)
            async with subscribed(events, TOPIC, inbox):
                assert await inbox.data(2) == [b"1" + LARGE, b"2" + LARGE]
                await publish(events, b"after")

                assert await inbox.data(1) == [b"after"]
