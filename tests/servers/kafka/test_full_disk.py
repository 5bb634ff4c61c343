"""A Kafka that has no room left: nothing is acknowledged that is not stored, and with room it goes on."""

from __future__ import annotations

import asyncio
import resource
from typing import Final

import pytest

from pluggable import PubSub
from pluggable.errors import ComponentError, UnavailableError
from pluggable.pubsub import PublishRequest
from pluggable_servers.kafka.pubsub import KafkaPubSub
from tests.backends.kafka import Kafka
from tests.servers.running import Inbox, broker, subscribed

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("kafka")]

#: How long a file of the broker may become, in bytes. The kernel then refuses to write, in the midst of a
#: record too, as it does where a disk is full, and nobody needs to be root to have it so.
ROOM: Final = 4_000_000
LARGE: Final = 900_000
#: So long the broker may take to end, and to be used again, in seconds.
BOUND: Final = 60.0


async def publish(events: PubSub, topic: str, number: int) -> None:
    data = str(number).encode().ljust(LARGE)
    await events.publish(PublishRequest(topic=topic, data=data, metadata={"partitionKey": "k"}))


async def fill(events: PubSub, topic: str, acknowledged: list[int]) -> None:
    """Publish until the broker takes no more."""
    for number in range(1, 100):
        await publish(events, topic, number)
        acknowledged.append(number)


async def test_what_is_acknowledged_arrives_though_the_disk_was_full(topic: str) -> None:
    inbox = Inbox()
    acknowledged: list[int] = []
    with Kafka.running() as server:
        properties = {
            "brokers": server.address,
            "authType": "none",
            "consumerGroup": "shop",
            "initialOffset": "oldest",
            "readTimeout": "3s",
        }
        async with broker(KafkaPubSub, properties) as events:
            await publish(events, topic, 0)
            assert server.process is not None
            resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (ROOM, resource.RLIM_INFINITY))
            with pytest.raises(UnavailableError, match=f"kafka {server.address}: "):
                await fill(events, topic, acknowledged)
            await asyncio.to_thread(server.process.wait, BOUND)
            said = server.log.read_text()
            assert "File too large" in said
            assert "all log dirs" in said

            await asyncio.to_thread(server.start)
            async with asyncio.timeout(BOUND):
                while True:
                    try:
                        await publish(events, topic, 100)
                        break
                    except ComponentError:
                        continue
            async with subscribed(events, topic, inbox):
                found = []
                while 100 not in found:
                    found.append(int((await inbox.next()).data[:10]))

    assert len(acknowledged) > 1
    assert found[: len(acknowledged) + 1] == [0, *acknowledged]
    # What was refused may have been stored, in the end, but nothing else is there.
    assert {*found} - {0, *acknowledged, 100} <= {len(acknowledged) + 1}
