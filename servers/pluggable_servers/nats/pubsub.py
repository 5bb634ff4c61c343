"""
A broker in NATS JetStream, with the subjects and consumers daprd uses.

Facts: components-contrib ``pubsub/jetstream/jetstream.go``. Streams are there before, nobody makes them here.
"""

from __future__ import annotations

import json
from typing import Any

from pluggable import About, pubsub
from pluggable.delivery import Delivery
from pluggable.errors import ComponentError, InitError
from pluggable.metadata import Metadata

from .connection import NATSConnection
from .consumer import Consumer
from .settings import AUTHENTICATION, JetStreamSettings


class JetStreamPubSub(pubsub.PubSub):
    """
    Topics as subjects of streams.

    With ``durableName`` the server knows what was handled; without, each subscription begins as
    ``deliverPolicy`` says. What was not handled comes again, up to ``maxDeliver``.
    """

    about = About(
        settings=JetStreamSettings,
        title="NATS JetStream",
        description="Topics as subjects in NATS JetStream, with the consumers of daprd's pubsub.jetstream.",
        url="https://docs.dapr.io/reference/components-reference/supported-pubsub/setup-jetstream/",
        authentication=AUTHENTICATION,
    )

    def __init__(self) -> None:
        self._opened: tuple[JetStreamSettings, NATSConnection] | None = None
        self._name = ""

    async def init(self, metadata: Metadata) -> None:
        settings = metadata.parse(JetStreamSettings)
        self._name = f'pubsub.jetstream "{metadata.name}"'
        connection = NATSConnection(settings, self._name)
        await connection.open()
        self._opened = settings, connection

    async def close(self) -> None:
        if self._opened is not None:
            await self._opened[1].close()

    async def ping(self) -> None:
        _, connection = self._initialised()
        await connection.wait_connected()

    async def publish(self, request: pubsub.PublishRequest) -> None:
        _, connection = self._initialised()
        await connection.publish(request.topic, request.data, _event_id(request.data))

    async def subscribe(self, topic: pubsub.Topic, deliver: Delivery[pubsub.Message]) -> None:
        settings, connection = self._initialised()
        await Consumer(topic.name, settings, connection, self._name).deliver_to(deliver)

    def _initialised(self) -> tuple[JetStreamSettings, NATSConnection]:
        if self._opened is None:
            raise _not_initialised()
        return self._opened


def _event_id(data: bytes) -> str | None:
    """Return the id of a CloudEvent, by which the server knows a message that it has already."""
    if not data.lstrip().startswith(b"{"):
        return None
    try:
        found: Any = json.loads(data)
    except ValueError:
        return None
    return found["id"] if isinstance(found.get("id"), str) else None


def _not_initialised() -> ComponentError:
    return InitError("pubsub.jetstream was not initialised: await init first")
