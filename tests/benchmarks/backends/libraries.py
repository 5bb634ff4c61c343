"""The bare libraries of brokers."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Final
from urllib.parse import urlsplit

import aiormq
import nats
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from nats.aio.msg import Msg
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from .brokers import AT_ONCE, Broker, Came

_PREFETCH: Final = 500
_BATCH: Final = 100


class _Redis:
    """An entry a message in one stream, which a group reads; what is read and written is in one pool."""

    def __init__(self, address: str) -> None:
        self._address = address

    @asynccontextmanager
    async def publishing(self) -> AsyncIterator[Callable[[bytes], Any]]:
        async with Redis.from_url(f"redis://{self._address}") as client:
            yield lambda data: client.xadd("bare", {"data": data})

    @asynccontextmanager
    async def consuming(self, came: Came) -> AsyncIterator[None]:
        async with Redis.from_url(f"redis://{self._address}") as client:
            with suppress(ResponseError):  # it is there
                await client.xgroup_create("bare", "bare", "0", mkstream=True)
            async with _running(self._take(client, came)):
                yield

    async def _take(self, client: Redis, came: Came) -> None:
        while True:
            read: Any = await client.xreadgroup("bare", "one", {"bare": ">"}, count=_BATCH, block=200)
            for _, entries in read:
                for number, fields in entries:
                    came(fields[b"data"])
                    await client.xack("bare", "bare", number)


class _RabbitMQ:
    """A durable exchange and a durable queue; messages are persistent and confirmed."""

    def __init__(self, url: str) -> None:
        self._url = url

    @asynccontextmanager
    async def publishing(self) -> AsyncIterator[Callable[[bytes], Any]]:
        kept = aiormq.spec.Basic.Properties(delivery_mode=2)
        async with aiormq.Connection(self._url) as connection:
            channel = await connection.channel(publisher_confirms=True)
            yield lambda data: channel.basic_publish(data, exchange="bare", properties=kept)

    @asynccontextmanager
    async def consuming(self, came: Came) -> AsyncIterator[None]:
        async with aiormq.Connection(self._url) as connection:
            channel = await connection.channel()
            await channel.basic_qos(prefetch_count=_PREFETCH)
            await channel.exchange_declare("bare", exchange_type="fanout", durable=True)
            await channel.queue_declare("bare", durable=True)
            await channel.queue_bind("bare", "bare")

            async def take(message: aiormq.abc.DeliveredMessage) -> None:
                came(message.body)
                assert message.delivery_tag is not None
                await channel.basic_ack(message.delivery_tag)

            await channel.basic_consume("bare", take)
            yield


class _Kafka:
    """One topic; all replicas confirm, and what was taken is committed batch by batch."""

    def __init__(self, address: str) -> None:
        self._address = address

    @asynccontextmanager
    async def publishing(self) -> AsyncIterator[Callable[[bytes], Any]]:
        async with AIOKafkaProducer(bootstrap_servers=self._address, acks="all") as producer:
            yield lambda data: producer.send_and_wait("bare", data)

    @asynccontextmanager
    async def consuming(self, came: Came) -> AsyncIterator[None]:
        options = {"group_id": "bare", "auto_offset_reset": "earliest", "enable_auto_commit": False}
        async with (
            AIOKafkaConsumer("bare", bootstrap_servers=self._address, **options) as consumer,
            _running(self._take(consumer, came)),
        ):
            yield

    async def _take(self, consumer: Any, came: Came) -> None:
        while True:
            batches = await consumer.getmany(timeout_ms=200, max_records=_BATCH)
            for records in batches.values():
                for record in records:
                    came(record.value)
            if batches:
                await consumer.commit()


class _JetStream:
    """A subject of the stream, and a durable consumer that is pushed to."""

    def __init__(self, url: str) -> None:
        self._url = url

    @asynccontextmanager
    async def publishing(self) -> AsyncIterator[Callable[[bytes], Any]]:
        async with await nats.connect(self._url) as client:
            streams = client.jetstream()
            yield lambda data: streams.publish("bare", data)

    @asynccontextmanager
    async def consuming(self, came: Came) -> AsyncIterator[None]:
        async def take(message: Msg) -> None:
            came(message.data)
            await message.ack()

        async with await nats.connect(self._url) as client:
            await client.jetstream().subscribe("bare", durable="bare", cb=take, manual_ack=True)
            yield


class _MQTT:
    """A session that is kept, with QoS 1; paho works in a thread of its own."""

    def __init__(self, url: str) -> None:
        self._address = urlsplit(url)

    @asynccontextmanager
    async def _client(self, name: str, set_up: Callable[[Any], None]) -> AsyncIterator[paho.Client]:
        client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=name, clean_session=False, manual_ack=True
        )
        client.max_inflight_messages_set(AT_ONCE)
        connected = threading.Event()
        client.on_connect = lambda *_: connected.set()
        set_up(client)
        client.connect(str(self._address.hostname), self._address.port or 1883)
        client.loop_start()
        await asyncio.to_thread(connected.wait)
        try:
            yield client
        finally:
            client.disconnect()
            await asyncio.to_thread(client.loop_stop)

    @asynccontextmanager
    async def publishing(self) -> AsyncIterator[Callable[[bytes], Any]]:
        loop = asyncio.get_running_loop()
        waiting: dict[int, asyncio.Future[None]] = {}

        def had(mid: int) -> None:
            waiting.pop(mid).set_result(None)

        def set_up(client: Any) -> None:
            client.on_publish = lambda _client, _data, mid, *_: loop.call_soon_threadsafe(had, mid)

        async with self._client("bare-publisher", set_up) as client:

            async def publish(data: bytes) -> None:
                answer: asyncio.Future[None] = loop.create_future()
                waiting[client.publish("bare", data, 1).mid] = answer
                await answer

            yield publish

    @asynccontextmanager
    async def consuming(self, came: Came) -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()
        subscribed = asyncio.Event()

        def take(client: Any, _data: object, message: Any) -> None:
            loop.call_soon_threadsafe(came, message.payload)
            client.ack(message.mid, message.qos)

        def set_up(client: Any) -> None:
            client.on_message = take
            client.on_subscribe = lambda *_: loop.call_soon_threadsafe(subscribed.set)

        async with self._client("bare", set_up) as client:
            client.subscribe("bare", 1)
            await subscribed.wait()
            yield


@asynccontextmanager
async def _running(work: Any) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        while not task.done():  # redis-py may take a cancellation for a lost connection, and try again
            task.cancel()
            await asyncio.wait({task}, timeout=0.1)


#: What makes the library's side, of a component's properties.
BARE: Final[Mapping[str, Callable[[Mapping[str, str]], Broker]]] = {
    "pubsub.redis": lambda properties: _Redis(properties["redisHost"]),
    "pubsub.rabbitmq": lambda properties: _RabbitMQ(properties["connectionString"]),
    "pubsub.kafka": lambda properties: _Kafka(properties["brokers"]),
    "pubsub.jetstream": lambda properties: _JetStream(properties["natsURL"]),
    "pubsub.mqtt3": lambda properties: _MQTT(properties["url"]),
}
