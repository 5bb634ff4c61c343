"""
Brokers in Azure Service Bus, in the topics, subscriptions and queues that daprd uses.

Facts: components-contrib ``pubsub/azure/servicebus/topics/servicebus.go`` and ``queues/servicebus.go``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from azure.servicebus import ServiceBusReceivedMessage

from pluggable import About, pubsub
from pluggable.delivery import Delivery, Outcome
from pluggable.errors import ComponentError, InitError, InvalidRequestError
from pluggable.metadata import Metadata

from .consuming import Consumer
from .management import Kind
from .messages import body_of, message_of, metadata_of
from .namespace import Namespace
from .settings import AUTHENTICATION, ServiceBusSettings, TopicsSettings

_DOCS: Final = "https://docs.dapr.io/reference/components-reference/supported-pubsub/"
_BULK_BYTES: Final = 128 * 1024


class _ServiceBusPubSub(pubsub.PubSub, pubsub.BulkPublisher, pubsub.ExpiringMessages):
    """What topics and queues have in common."""

    type_name: ClassVar[str]
    settings_of: ClassVar[type[ServiceBusSettings]]
    kind: ClassVar[Kind]

    def __init__(self) -> None:
        self._settings: ServiceBusSettings | None = None
        self._namespace: Namespace | None = None
        self._name = ""

    async def init(self, metadata: Metadata) -> None:
        self._settings = metadata.parse(self.settings_of)
        self._namespace = await Namespace.open(self._settings, self.kind)
        self._name = metadata.name

    async def close(self) -> None:
        if self._namespace is not None:
            await self._namespace.close()

    async def ping(self) -> None:
        _, namespace = self._ready()
        await namespace.ping()

    async def publish(self, request: pubsub.PublishRequest) -> None:
        _, namespace = self._ready()
        try:
            message = message_of(request.data, request.metadata)
        except ValueError as error:
            raise InvalidRequestError(f"the message's metadata cannot be used: {error}") from error
        await namespace.send(request.topic, message)

    async def bulk_publish(self, request: pubsub.BulkPublishRequest) -> Sequence[pubsub.FailedEntry]:
        _, namespace = self._ready()
        try:
            most_bytes = int(request.metadata.get("maxBulkPubBytes") or _BULK_BYTES)
            messages = [message_of(each.data, each.metadata, each.content_type) for each in request.entries]
            if messages:
                await namespace.send_together(request.topic, messages, most_bytes)
        except (ComponentError, ValueError) as error:
            return [pubsub.FailedEntry(entry_id=each.entry_id, error=str(error)) for each in request.entries]
        return []

    async def subscribe(self, topic: pubsub.Topic, deliver: Delivery[pubsub.Message]) -> None:
        settings, namespace = self._ready()
        consumer = Consumer(
            namespace,
            settings,
            title=f'{self.type_name} "{self._name}", topic "{topic.name}"',
            name=topic.name,
            subscription=settings.consumer_id if isinstance(settings, TopicsSettings) else None,
        )

        async def hand(message: ServiceBusReceivedMessage) -> Outcome:
            metadata = metadata_of(message)
            return await deliver(pubsub.Message(data=body_of(message), topic=topic.name, metadata=metadata))

        await consumer.deliver_to(hand, deliver.ready)

    def _ready(self) -> tuple[ServiceBusSettings, Namespace]:
        if self._settings is None or self._namespace is None:
            raise InitError(f"{self.type_name} was not initialised: await init first")
        return self._settings, self._namespace


class ServiceBusTopics(_ServiceBusPubSub):
    """
    Topics of Service Bus; the subscribers of one ``consumerID`` share a subscription.

    What was handled is completed; all else is abandoned, and comes again until it is a dead letter.
    """

    about = About(
        settings=TopicsSettings,
        title="Azure Service Bus topics",
        description="Topics of Azure Service Bus, each with a subscription for each consumer.",
        url=_DOCS + "setup-azure-servicebus-topics/",
        authentication=AUTHENTICATION,
    )
    type_name = "pubsub.azure.servicebus.topics"
    settings_of = TopicsSettings
    kind = "topic"


class ServiceBusQueues(_ServiceBusPubSub):
    """
    Topics as queues of Service Bus, which all subscribers share.

    What was handled is completed; all else is abandoned, and comes again until it is a dead letter.
    """

    about = About(
        settings=ServiceBusSettings,
        title="Azure Service Bus queues",
        description="Topics as queues of Azure Service Bus, that all subscribers share.",
        url=_DOCS + "setup-azure-servicebus-queues/",
        authentication=AUTHENTICATION,
    )
    type_name = "pubsub.azure.servicebus.queues"
    settings_of = ServiceBusSettings
    kind = "queue"
