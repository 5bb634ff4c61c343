"""Floods through RabbitMQ: nothing is lost, order holds, dead letters arrive."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
from aiormq.channel import Channel

from pluggable_servers.rabbitmq.binding import RabbitBinding
from pluggable_servers.rabbitmq.pubsub import RabbitPubSub
from tests.backends.rabbitmq import RabbitMQ
from tests.delivery import Plan, flood

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("rabbitmq")]


@pytest.fixture(scope="module")
def node() -> Iterator[RabbitMQ]:
    """A node of this module's own, which is restarted."""
    with RabbitMQ.running() as node:
        yield node


async def test_nothing_is_lost_over_kills_and_a_restart(
    node: RabbitMQ, properties: Mapping[str, str]
) -> None:
    plan = Plan(messages=5000, kills=3, restarts=1)
    ledger = await flood(RabbitPubSub, properties, node, plan)

    assert ledger.done == {*range(1, plan.messages + 1)}
    assert ledger.interrupted > 0


async def test_order_holds_over_kills_and_a_crash(node: RabbitMQ, properties: Mapping[str, str]) -> None:
    plan = Plan(messages=600, kills=2, restarts=1, abrupt=True, lanes=1)
    ledger = await flood(
        RabbitPubSub, {**properties, "concurrencyMode": "single"}, node, plan, topic="ordered"
    )

    assert ledger.done == {*range(1, plan.messages + 1)}
    assert ledger.in_order


async def test_poisoned_messages_become_dead_letters(
    node: RabbitMQ, properties: Mapping[str, str], bare: Channel
) -> None:
    plan = Plan(messages=500, kills=2, restarts=0, poison=10)
    ledger = await flood(
        RabbitPubSub, {**properties, "enableDeadLetter": "true"}, node, plan, topic="poisoned"
    )

    assert {*ledger.rejected} == {*range(10, 501, 10)}
    assert {*ledger.handled} == {*range(1, 501)} - {*ledger.rejected}
    letters = []
    while (letter := await bare.basic_get(f"dlq-{properties['consumerID']}-poisoned", no_ack=True)).body:
        letters.append(int(letter.body))
    assert {*letters} == {*ledger.rejected}


async def test_binding_loses_nothing_over_kills_and_a_restart(
    node: RabbitMQ, properties: Mapping[str, str]
) -> None:
    plan = Plan(messages=1000, kills=3, restarts=1)
    binding = {
        "host": properties["connectionString"],
        "queueName": "flooded",
        "durable": "true",
        "reconnectWaitInSeconds": "200ms",
    }
    ledger = await flood(RabbitBinding, binding, node, plan)

    assert ledger.done == {*range(1, plan.messages + 1)}
