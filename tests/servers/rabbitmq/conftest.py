"""A RabbitMQ node that the tests here share; each has topics and queues of its own."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator

import aiormq
import pytest
from aiormq.channel import Channel

from tests.backends.rabbitmq import RabbitMQ


@pytest.fixture(scope="session")
def node() -> Iterator[RabbitMQ]:
    """A node; who takes it away brings it back."""
    with RabbitMQ.running() as node:
        yield node


@pytest.fixture
def properties(node: RabbitMQ) -> dict[str, str]:
    """Properties of ``pubsub.rabbitmq`` with a consumer that no other test has, whose queues stay."""
    return {
        "connectionString": f"amqp://guest:guest@127.0.0.1:{node.port}/",
        "consumerID": f"app-{uuid.uuid4().hex[:8]}",
        "deletedWhenUnused": "false",
        "deliveryMode": "2",
        "reconnectWaitSeconds": "200ms",
    }


@pytest.fixture
async def bare(node: RabbitMQ) -> AsyncIterator[Channel]:
    """A channel of the client library, which sees what is there."""
    connection = await aiormq.connect(f"amqp://127.0.0.1:{node.port}/")
    channel = await connection.channel()
    assert isinstance(channel, Channel)
    yield channel
    await connection.close()
