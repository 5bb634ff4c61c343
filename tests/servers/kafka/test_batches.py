"""Messages that share a batch: what is too large for the topic is so for itself, and not with others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Final

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from pluggable import PubSub
from pluggable.errors import LimitExceededError, TimedOutError, UnavailableError
from pluggable.pubsub import BulkEntry, BulkPublishRequest, PublishRequest
from pluggable_servers.kafka.pubsub import KafkaPubSub
from tests.backends.kafka import Kafka
from tests.servers.running import Inbox, broker, subscribed

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("kafka")]

#: What the topic takes of a batch, in bytes: some ten of the small messages.
LIMIT: Final = 1500
SMALL: Final = [f"{number:0100}".encode() for number in range(200)]
LARGE: Final = b"x" * LIMIT


@pytest.fixture
async def narrow(kafka: Kafka, topic: str) -> AsyncIterator[str]:
    """A topic of one partition that takes little at once."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.address)
    await admin.start()
    await admin.create_topics([NewTopic(topic, 1, 1, topic_configs={"max.message.bytes": str(LIMIT)})])
    yield topic
    await admin.close()


async def publish_at_once(events: PubSub, topic: str, data: Sequence[bytes]) -> list[BaseException | None]:
    """Publish all, and return what became of each."""
    requests = (PublishRequest(topic=topic, data=each, metadata={"partitionKey": "k"}) for each in data)
    return await asyncio.gather(*map(events.publish, requests), return_exceptions=True)


@pytest.mark.parametrize("compression", ["none", "gzip"])
async def test_small_messages_go_where_their_batch_does_not(
    properties: dict[str, str], narrow: str, compression: str
) -> None:
    inbox = Inbox()
    async with (
        broker(KafkaPubSub, {**properties, "compression": compression}) as events,
        subscribed(events, narrow, inbox),
    ):
        assert await publish_at_once(events, narrow, SMALL) == [None] * len(SMALL)
        assert await inbox.data(len(SMALL)) == SMALL


async def test_only_the_message_that_is_too_large_fails(properties: dict[str, str], narrow: str) -> None:
    inbox = Inbox()
    async with broker(KafkaPubSub, properties) as events, subscribed(events, narrow, inbox):
        results = await publish_at_once(events, narrow, [*SMALL[:70], LARGE, *SMALL[70:]])

        assert isinstance(results.pop(70), LimitExceededError)
        assert results == [None] * len(SMALL)
        assert await inbox.data(len(SMALL)) == SMALL


async def test_only_the_entry_that_is_too_large_fails(properties: dict[str, str], narrow: str) -> None:
    data = [*SMALL[:30], LARGE, *SMALL[30:]]
    entries = [BulkEntry(entry_id=str(number), data=each) for number, each in enumerate(data)]
    inbox = Inbox()
    async with broker(KafkaPubSub, properties) as events, subscribed(events, narrow, inbox):
        failed = await events.bulk_publish(BulkPublishRequest(topic=narrow, entries=entries))  # type: ignore[attr-defined]

        assert [(each.entry_id, "MessageSizeTooLarge" in each.error) for each in failed] == [("30", True)]
        assert await inbox.data(len(SMALL)) == SMALL


async def test_message_larger_than_a_request_may_be_is_refused(
    properties: dict[str, str], topic: str
) -> None:
    async with broker(KafkaPubSub, {**properties, "maxMessageBytes": str(LIMIT)}) as events:
        with pytest.raises(LimitExceededError, match=f"maxMessageBytes is {LIMIT}"):
            await events.publish(PublishRequest(topic=topic, data=LARGE))


@pytest.mark.parametrize(("bound", "largest"), [({}, 16384), ({"maxMessageBytes": str(LIMIT)}, LIMIT)])
async def test_batch_is_bounded(
    kafka: Kafka, properties: dict[str, str], topic: str, bound: dict[str, str], largest: int
) -> None:
    async with broker(KafkaPubSub, {**properties, **bound}) as events:
        await publish_at_once(events, topic, SMALL)
        sizes = sizes_of_batches((kafka.folder / "data" / f"{topic}-0" / f"{0:020}.log").read_bytes())

    assert sum(sizes) > 100 * len(SMALL)
    assert largest / 2 < max(sizes) <= largest


async def test_patience_covers_the_wait_for_batches_before(
    kafka: Kafka, properties: dict[str, str], topic: str
) -> None:
    async with broker(KafkaPubSub, {**properties, "readTimeout": "2s"}) as events:
        await publish_at_once(events, topic, SMALL[:1])
        with kafka.frozen():
            async with asyncio.timeout(8):
                results = await publish_at_once(events, topic, SMALL * 5)

    assert {type(each) for each in results} == {TimedOutError}
    assert sum("2 s were too short" in str(each) for each in results) > len(SMALL)


async def test_what_is_on_its_way_fails_soon_when_closed(
    kafka: Kafka, properties: dict[str, str], topic: str
) -> None:
    async with broker(KafkaPubSub, properties) as events:
        assert await publish_at_once(events, topic, SMALL[:1]) == [None]
        requests = [PublishRequest(topic=topic, data=each) for each in SMALL]
        with kafka.frozen():
            async with asyncio.timeout(8):
                *results, _ = await asyncio.gather(
                    *map(events.publish, requests), events.close(), return_exceptions=True
                )

    assert {type(each) for each in results} == {UnavailableError}


def sizes_of_batches(log: bytes) -> list[int]:
    """Return how long each batch in a partition's log is: 12 bytes, whose last 4 count what follows."""
    sizes = []
    while log:
        sizes.append(12 + int.from_bytes(log[8:12], "big"))
        log = log[sizes[-1] :]
    return sizes
