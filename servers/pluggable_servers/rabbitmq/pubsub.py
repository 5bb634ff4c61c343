"""
A broker in RabbitMQ, in the exchanges and queues that daprd uses.

Facts: components-contrib ``pubsub/rabbitmq/rabbitmq.go``, ``common/component/rabbitmq/rabbitmq.go``.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from aiormq.abc import DeliveredMessage

from pluggable import About, pubsub
from pluggable.delivery import Delivery, Outcome
from pluggable.errors import InitError
from pluggable.metadata import NO_METADATA, Metadata

from .connection import RabbitConnection
from .consuming import Consumer, Terms
from .publishing import Publisher, properties_of, ttl_of
from .settings import AUTHENTICATION, RabbitPubSubSettings
from .topology import arguments_of, declare_exchange, declare_queue, queue_of, tag_of

logger = logging.getLogger(__name__)

#: The properties of a message that are handed over where the settings ask for them.
_HANDED_OVER: Final = (
    ("messageid", "message_id"),
    ("correlationid", "correlation_id"),
    ("type", "message_type"),
    ("contenttype", "content_type"),
)


class RabbitPubSub(pubsub.PubSub, pubsub.ExpiringMessages):
    """
    Topics as exchanges; the subscribers of one ``consumerID`` share a queue.

    What was handled is acknowledged; what was rejected comes again, becomes a dead letter or is dropped, as
    the settings say; what nobody answered goes back into the queue.
    """

    about = About(
        settings=RabbitPubSubSettings,
        title="RabbitMQ",
        description="Topics in RabbitMQ, in the exchanges and queues that daprd's pubsub.rabbitmq uses.",
        url="https://docs.dapr.io/reference/components-reference/supported-pubsub/setup-rabbitmq/",
        authentication=AUTHENTICATION,
    )

    def __init__(self) -> None:
        self._settings: RabbitPubSubSettings | None = None
        self._consuming: RabbitConnection | None = None
        self._publishing: RabbitConnection | None = None
        self._publisher: Publisher | None = None
        self._name = ""

    async def init(self, metadata: Metadata) -> None:
        settings = metadata.parse(RabbitPubSubSettings)
        # Two connections: a broker that runs out of disk stops reading what publishers send, and would not
        # read the acknowledgements that make room again.
        self._publishing = await RabbitConnection.open(settings.address)
        self._consuming = RabbitConnection(settings.address)
        self._publisher = Publisher(self._publishing, settings.reconnect_wait)
        self._settings = settings
        self._name = metadata.name

    async def close(self) -> None:
        for connection in (self._consuming, self._publishing):
            if connection is not None:
                await connection.close()

    async def ping(self) -> None:
        if self._publisher is None:
            raise _not_initialised()
        await self._publisher.ping()

    async def publish(self, request: pubsub.PublishRequest) -> None:
        settings, publisher = self._settings, self._publisher
        if settings is None or publisher is None:
            raise _not_initialised()
        ttl = settings.ttl
        try:
            ttl = ttl_of(request.metadata) or ttl
        except ValueError as error:
            logger.warning('pubsub.rabbitmq "%s": the time to live is left out: %s', self._name, error)
        await publisher.publish(
            request.topic,
            partial(declare_exchange, settings=settings, topic=request.topic),
            request.data,
            exchange=request.topic,
            key=request.metadata.get("routingKey", ""),
            properties=properties_of(
                request.metadata, delivery_mode=int(settings.delivery_mode), headers=None, ttl=ttl
            ),
        )

    async def subscribe(self, topic: pubsub.Topic, deliver: Delivery[pubsub.Message]) -> None:
        settings, connection = self._settings, self._consuming
        if settings is None or connection is None:
            raise _not_initialised()
        queue_of(settings, topic)
        arguments_of(settings, topic)
        terms = Terms(
            title=f'pubsub.rabbitmq "{self._name}", topic "{topic.name}"',
            prepare=partial(declare_queue, settings=settings, topic=topic),
            tag=tag_of,
            prefetch=settings.prefetch_count,
            parallel=settings.concurrency == "parallel",
            acknowledged_by_broker=settings.auto_ack,
            requeue_rejected=settings.requeue_in_failure,
            pause_seconds=settings.reconnect_wait.total_seconds(),
        )
        with_properties = settings.publish_message_properties_to_metadata

        async def hand(message: DeliveredMessage) -> Outcome:
            metadata = _metadata_of(message) if with_properties else NO_METADATA
            return await deliver(pubsub.Message(data=message.body, topic=topic.name, metadata=metadata))

        await Consumer(connection, terms).deliver_to(hand, deliver.ready)


def _metadata_of(message: DeliveredMessage) -> Mapping[str, str]:
    properties = message.header.properties
    found = {
        f"metadata.{name}": str(value)
        for name, attribute in _HANDED_OVER
        if (value := getattr(properties, attribute))
    }
    for name, value in (properties.headers or {}).items():
        if value is not None:
            found[f"metadata.{name}"] = _text(value)
    return found


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.decode(errors="replace") if isinstance(value, bytes | bytearray) else str(value)


def _not_initialised() -> InitError:
    return InitError("pubsub.rabbitmq was not initialised: await init first")
