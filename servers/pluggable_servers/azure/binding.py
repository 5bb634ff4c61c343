"""
``bindings.azure.servicebusqueues``: messages into a queue of Service Bus, and out of it.

Facts: components-contrib ``bindings/azure/servicebusqueues/servicebusqueues.go``.
"""

from __future__ import annotations

from azure.servicebus import ServiceBusReceivedMessage

from pluggable.about import About
from pluggable.bindings import Event, InputBinding, InvokeRequest, InvokeResponse, OutputBinding
from pluggable.delivery import Delivery, Outcome
from pluggable.errors import InitError, InvalidRequestError
from pluggable.metadata import Metadata

from .consuming import Consumer
from .messages import body_of, event_metadata_of, message_of
from .namespace import Namespace
from .settings import AUTHENTICATION, QueueSettings


class ServiceBusQueueBinding(InputBinding, OutputBinding):
    """
    One queue; ``create`` ends when the broker has the message.

    An event that was not handled goes back into the queue, and comes again until it is a dead letter.
    """

    about = About(
        settings=QueueSettings,
        title="Azure Service Bus queues",
        description="Puts messages into a queue of Azure Service Bus, and takes them out of it.",
        url="https://docs.dapr.io/reference/components-reference/supported-bindings/servicebusqueues/",
        authentication=AUTHENTICATION,
        operations={"create": "Puts a message into the queue."},
    )
    operations = ("create",)

    def __init__(self) -> None:
        self._settings: QueueSettings | None = None
        self._namespace: Namespace | None = None
        self._name = ""

    async def init(self, metadata: Metadata) -> None:
        self._settings = metadata.parse(QueueSettings)
        namespace = await Namespace.open(self._settings, "queue")
        try:
            await namespace.make(self._settings.queue_name)
        except BaseException:
            await namespace.close()
            raise
        self._namespace = namespace
        self._name = metadata.name

    async def close(self) -> None:
        if self._namespace is not None:
            await self._namespace.close()

    async def ping(self) -> None:
        _, namespace = self._ready()
        await namespace.ping()

    async def invoke(self, request: InvokeRequest) -> InvokeResponse:
        settings, namespace = self._ready()
        if request.operation != "create":
            raise InvalidRequestError(f"unsupported operation {request.operation}, wanted create")
        try:
            message = message_of(request.data, request.metadata)
        except ValueError as error:
            raise InvalidRequestError(f"the message's metadata cannot be used: {error}") from error
        await namespace.send(settings.queue_name, message)
        return InvokeResponse()

    async def read(self, deliver: Delivery[Event]) -> None:
        settings, namespace = self._ready()
        consumer = Consumer(
            namespace,
            settings,
            title=f'bindings.azure.servicebusqueues "{self._name}"',
            name=settings.queue_name,
            subscription=None,
        )

        async def hand(message: ServiceBusReceivedMessage) -> Outcome:
            return await deliver(Event(data=body_of(message), metadata=event_metadata_of(message)))

        await consumer.deliver_to(hand, deliver.ready)

    def _ready(self) -> tuple[QueueSettings, Namespace]:
        if self._settings is None or self._namespace is None:
            raise InitError("bindings.azure.servicebusqueues was not initialised: await init first")
        return self._settings, self._namespace
