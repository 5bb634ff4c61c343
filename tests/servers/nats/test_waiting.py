"""Messages that wait for their turn for longer than the server waits for their acknowledgement."""

from __future__ import annotations

import asyncio
import uuid

import pytest

from pluggable.delivery import Outcome
from pluggable.pubsub import Message, PublishRequest
from pluggable_servers.nats.pubsub import JetStreamPubSub
from tests.backends.nats import NATS
from tests.servers.running import Inbox, broker, subscribed

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("nats")]


class Unhurried(Inbox):
    """Takes its time for each message."""

    async def __call__(self, message: Message) -> Outcome:
        await asyncio.sleep(0.05)
        return await super().__call__(message)


async def test_message_sent_again_while_it_waited_is_handled_once(nats_server: NATS) -> None:
    name = f"s{uuid.uuid4().hex}"
    async with nats_server.streams() as streams:
        await streams.add_stream(name=name, subjects=[name])
    properties = {"natsURL": f"nats://127.0.0.1:{nats_server.port}", "ackWait": "200ms"}
    sent = [b"%d" % number for number in range(30)]
    inbox = Unhurried()
    async with broker(JetStreamPubSub, properties) as events, subscribed(events, name, inbox):
        for data in sent:
            await events.publish(PublishRequest(topic=name, data=data))
        assert await inbox.data(len(sent)) == sent
        await events.publish(PublishRequest(topic=name, data=b"last"))
        assert await inbox.data(1) == [b"last"]
