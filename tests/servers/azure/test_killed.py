"""Consumers that SIGKILL ends in the midst of handling: what they held comes again, and nothing is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

import pytest

from pluggable import PubSub
from pluggable.pubsub import PublishRequest
from pluggable_servers.azure.pubsub import ServiceBusQueues, ServiceBusTopics
from tests.backends.servicebus import ServiceBus
from tests.delivery import Ledger, Plan, flood
from tests.delivery.consumer import Order
from tests.delivery.flood import consuming
from tests.servers.running import Inbox, broker, subscribed

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("azure")]

TOPIC: Final = "orders"
LOCK_SECONDS: Final = 2
KINDS: Final = [ServiceBusTopics, ServiceBusQueues]


def properties(bus: ServiceBus) -> Mapping[str, str]:
    """Properties of a component that is quickly back, and of a subscription that all share."""
    return {
        "connectionString": bus.connection_string(),
        "consumerID": "app",
        "disableEntityManagement": "true",
        "lockRenewalInSec": "1",
        "minConnectionRecoveryInSec": "0",
        "maxConnectionRecoveryInSec": "1",
    }


@pytest.mark.parametrize("kind", KINDS)
async def test_message_of_a_killed_consumer_comes_to_another(kind: type[PubSub]) -> None:
    ledger, ready, inbox = Ledger(), asyncio.Event(), Inbox()
    with ServiceBus.running("--lock-seconds", str(LOCK_SECONDS)) as bus:
        order = Order(
            component=f"{kind.__module__}:{kind.__qualname__}",
            properties=dict(properties(bus)),
            topic=TOPIC,
            metadata={},
            handling_seconds=600,
            poison=0,
        )
        async with (
            asyncio.timeout(60),
            broker(kind, properties(bus)) as events,
            consuming(order, ledger, ready) as process,
        ):
            await ready.wait()
            await events.publish(PublishRequest(topic=TOPIC, data=b"1"))
            await ledger.until(lambda: ledger.begun[1] == 1)
            async with subscribed(events, TOPIC, inbox):
                # The lock is renewed as long as somebody handles the message.
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(2 * LOCK_SECONDS):
                        await inbox.next()
                process.kill()

                again = await inbox.next()

    assert ledger.handled == []
    assert again.data == b"1"
    assert again.metadata["metadata.DeliveryCount"] == "1"
    assert len(inbox.messages) == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_nothing_is_lost_though_consumers_and_the_broker_are_killed(kind: type[PubSub]) -> None:
    plan = Plan(messages=400, kills=2, restarts=1, abrupt=True, handling_seconds=0.02, patience_seconds=100)
    with ServiceBus.running("--lock-seconds", str(LOCK_SECONDS), "--max-deliveries", "100") as bus:
        ledger = await flood(kind, properties(bus), bus, plan, TOPIC)

    assert ledger.done == {*range(1, plan.messages + 1)}
    assert ledger.interrupted > 0
