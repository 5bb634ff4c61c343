"""The broker on Kafka against a real one."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka import AIOKafkaConsumer

from pluggable import Accepted, Rejected
from pluggable.pubsub import BulkEntry, BulkPublishRequest, PublishRequest, PubSub
from pluggable_servers.kafka.pubsub import KafkaPubSub
from tests.backends.kafka import Kafka
from tests.servers.running import PLACES, Inbox, Silent, broker, subscribed

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("kafka")]


async def publish(events: PubSub, topic: str, *data: bytes, **metadata: str) -> None:
    for each in data:
        await events.publish(PublishRequest(topic=topic, data=each, metadata=metadata))


@pytest.mark.parametrize("place", PLACES)
async def test_message_arrives_whole(properties: dict[str, str], topic: str, place: str) -> None:
    inbox = Inbox()
    async with broker(KafkaPubSub, properties, place) as events, subscribed(events, topic, inbox):
        await publish(events, topic, b'{"id": "\xc3\xbc"}', partitionKey="k", traceid="t")
        found = await inbox.next()

    assert (found.topic, found.data) == (topic, b'{"id": "\xc3\xbc"}')
    assert int(found.metadata.pop("__timestamp")) > 1_700_000_000_000  # type: ignore[attr-defined]
    assert found.metadata == {
        "__key": "k",
        "__offset": "0",
        "__partition": "0",
        "__topic": topic,
        "partitionKey": "k",
        "traceid": "t",
    }


async def test_messages_of_a_partition_arrive_in_order(properties: dict[str, str], topic: str) -> None:
    sent = [str(number).encode() for number in range(300)]
    inbox = Inbox()
    async with broker(KafkaPubSub, properties) as events, subscribed(events, topic, inbox):
        await publish(events, topic, *sent)

        assert await inbox.data(len(sent)) == sent


async def test_bulk_arrives_and_says_what_failed(properties: dict[str, str], topic: str) -> None:
    entries = [
        BulkEntry(entry_id="1", data=b"1"),
        BulkEntry(entry_id="2", data=b"2", metadata={"partitionNumber": "99"}),
        BulkEntry(entry_id="3", data=b"3"),
    ]
    inbox = Inbox()
    async with broker(KafkaPubSub, properties) as events, subscribed(events, topic, inbox):
        failed = await events.bulk_publish(BulkPublishRequest(topic=topic, entries=entries))  # type: ignore[attr-defined]
        found = await inbox.data(2)

    assert [each.entry_id for each in failed] == ["2"]
    assert "partitionNumber is 99" in failed[0].error
    assert found == [b"1", b"3"]


async def test_null_is_no_value_with_a_key_and_without(
    kafka: Kafka, properties: dict[str, str], topic: str
) -> None:
    inbox = Inbox()
    async with broker(KafkaPubSub, properties) as events, subscribed(events, topic, inbox):
        await publish(events, topic, b"null", partitionKey="k")
        await publish(events, topic, b"null")
        found = await inbox.data(2)
    options = {"bootstrap_servers": kafka.address, "auto_offset_reset": "earliest"}
    async with AIOKafkaConsumer(topic, **options) as bare, asyncio.timeout(15):
        records = [await bare.getone() for _ in found]

    assert found == [b"null", b"null"]
    assert [(record.key, record.value) for record in records] == [(b"k", None), (None, None)]


async def test_message_of_a_cut_stream_comes_again(properties: dict[str, str], topic: str) -> None:
    async with broker(KafkaPubSub, properties) as events:
        silent, inbox = Silent(), Inbox()
        async with subscribed(events, topic, silent):
            await publish(events, topic, b"1", b"2")
            await silent.next()
        async with subscribed(events, topic, inbox):
            assert await inbox.data(2) == [b"1", b"2"]


async def test_message_published_in_between_is_kept(properties: dict[str, str], topic: str) -> None:
    async with broker(KafkaPubSub, properties) as events:
        inbox, later = Inbox(), Inbox()
        async with subscribed(events, topic, inbox):
            await publish(events, topic, b"1")
            await inbox.next()
        await publish(events, topic, b"2")
        async with subscribed(events, topic, later):
            assert await later.data(1) == [b"2"]


async def test_rejected_message_comes_again_before_the_next(properties: dict[str, str], topic: str) -> None:
    inbox = Inbox(Rejected("not yet"), Accepted())
    async with (
        broker(KafkaPubSub, {**properties, "backOffDuration": "10ms"}) as events,
        subscribed(events, topic, inbox),
    ):
        await publish(events, topic, b"1", b"2")

        assert await inbox.data(3) == [b"1", b"1", b"2"]


async def test_rejected_message_is_left_without_retry(properties: dict[str, str], topic: str) -> None:
    inbox = Inbox(Rejected("never"))
    async with (
        broker(KafkaPubSub, {**properties, "consumeRetryEnabled": "false"}) as events,
        subscribed(events, topic, inbox),
    ):
        await publish(events, topic, b"bad", b"good")

        assert await inbox.data(2) == [b"bad", b"good"]


async def test_nothing_is_delivered_while_paused(properties: dict[str, str], topic: str) -> None:
    inbox = Inbox()
    async with broker(KafkaPubSub, properties) as events, subscribed(events, topic, inbox):
        await events.pause()  # type: ignore[attr-defined]
        await publish(events, topic, b"1")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.5):
                await inbox.next()
        await events.resume()  # type: ignore[attr-defined]

        assert await inbox.data(1) == [b"1"]
