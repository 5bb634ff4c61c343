"""The contract of brokers, but for a message's metadata, which RabbitMQ's messages do not carry."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

import pytest

from pluggable import PubSub
from pluggable_servers.rabbitmq.pubsub import RabbitPubSub
from tests.servers.running import PLACES, broker
from tests.servers.test_pubsub_contract import (
    test_answered_message_does_not_come_again as test_answered_message_does_not_come_again,
    test_message_of_a_cut_stream_comes_again as test_message_of_a_cut_stream_comes_again,
    test_message_published_in_between_is_kept as test_message_published_in_between_is_kept,
    test_messages_arrive_in_order as test_messages_arrive_in_order,
    test_ping_answers as test_ping_answers,
    test_rejected_message_is_dropped as test_rejected_message_is_dropped,
    test_topics_are_apart as test_topics_are_apart,
)

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("rabbitmq")]


@pytest.fixture(params=PLACES)
async def events(request: pytest.FixtureRequest, properties: Mapping[str, str]) -> AsyncIterator[PubSub]:
    async with broker(RabbitPubSub, properties, request.param) as found:
        yield found
