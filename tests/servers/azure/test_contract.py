"""The contract of brokers, but for what they do to a rejected message, which comes again here."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator

import pytest

from pluggable import PubSub
from pluggable_servers.azure.pubsub import ServiceBusQueues, ServiceBusTopics
from tests.backends.servicebus import ServiceBus
from tests.servers.running import PLACES, broker
from tests.servers.test_pubsub_contract import (
    test_answered_message_does_not_come_again as test_answered_message_does_not_come_again,
    test_message_of_a_cut_stream_comes_again as test_message_of_a_cut_stream_comes_again,
    test_message_published_in_between_is_kept as test_message_published_in_between_is_kept,
    test_messages_arrive_in_order as test_messages_arrive_in_order,
    test_ping_answers as test_ping_answers,
    test_topics_are_apart as test_topics_are_apart,
)

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("azure")]

KINDS = {"topics": ServiceBusTopics, "queues": ServiceBusQueues}


@pytest.fixture(params=itertools.product(KINDS, PLACES), ids=" ".join)
async def events(request: pytest.FixtureRequest) -> AsyncIterator[PubSub]:
    """Either broker, in a namespace of its own as the contract names its topics alike."""
    kind, place = request.param
    with ServiceBus.running() as bus:
        properties = {
            "connectionString": bus.connection_string(),
            "consumerID": "app-1",
            "disableEntityManagement": "true",
        }
        async with broker(KINDS[kind], properties, place) as found:
            yield found
