"""
``bindings.rabbitmq``: messages into a queue, and out of it.

Facts: components-contrib ``bindings/rabbitmq/rabbitmq.go``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote_plus

from aiormq.abc import DeliveredMessage
from aiormq.channel import Channel

from pluggable.about import About, Authentication
from pluggable.bindings import Event, InputBinding, InvokeRequest, InvokeResponse, OutputBinding
from pluggable.delivery import Delivery, Outcome
from pluggable.errors import InitError, InvalidRequestError
from pluggable.metadata import Metadata, setting

from .address import Address, Certificates, url_of
from .connection import RabbitConnection, leave
from .consuming import Consumer, Terms
from .errors import FAILURES, error_of
from .publishing import Publisher, properties_of, ttl_of

_PERSISTENT: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class RabbitBindingSettings:
    """The properties of ``bindings.rabbitmq``."""

    host: str = setting(
        secret=True,
        description="The broker's address, with user and password.",
        example="amqp://user:password@localhost:5672/vhost",
    )
    queue_name: str = setting(description="The queue.", example="orders")
    durable: bool = setting(default=False, description="The queue outlives a restart of the broker.")
    exclusive: bool = setting(default=False, description="The queue is this component's, and goes with it.")
    delete_when_unused: bool = setting(default=False, description="The queue goes away with the last reader.")
    prefetch_count: int = setting(
        default=0, description="How many messages are held at once; 0 is 500.", example="10"
    )
    max_priority: int | None = setting(
        default=None, description="The highest priority a message may have, up to 255.", example="10"
    )
    ttl: timedelta | None = setting(  # noqa: RUF009  frozen
        default=None, aliases=("ttlInSeconds",), description="How long a message lives.", example="60s"
    )
    reconnect_wait: timedelta = setting(  # noqa: RUF009  frozen
        default=timedelta(seconds=5),
        name="reconnectWaitInSeconds",
        description="How long to wait before connecting again.",
    )
    ca_cert: str = setting(
        default="", description="Whom to trust, as PEM text.", example="-----BEGIN CERTIFICATE-----\n…"
    )
    client_cert: str = setting(default="", secret=True, description="The client's certificate, as PEM text.")
    client_key: str = setting(default="", secret=True, description="The certificate's key, as PEM text.")
    external_sasl: bool = setting(
        default=False, aliases=("saslExternal",), description="The client's certificate says who it is."
    )

    def __post_init__(self) -> None:
        if not self.queue_name:
            raise ValueError("queueName is empty, wanted the name of a queue")
        _ = self.address

    @property
    def address(self) -> Address:
        """Where the broker is; certificates count only if all three are there."""
        certificates = Certificates(ca=self.ca_cert, client=self.client_cert, key=self.client_key)
        return Address(
            url=url_of(self.host, "host"),
            certificates=certificates if certificates.complete else Certificates(),
            external=self.external_sasl and certificates.complete,
        )

    async def declare(self, channel: Channel) -> str:
        """Declare the queue and return its name."""
        arguments: dict[str, Any] = {}
        if self.ttl is not None:
            arguments["x-message-ttl"] = int(self.ttl.total_seconds() * 1000)
        if self.max_priority is not None:
            arguments["x-max-priority"] = min(255, self.max_priority)
        await channel.queue_declare(
            self.queue_name,
            durable=self.durable,
            exclusive=self.exclusive,
            auto_delete=self.delete_when_unused,
            arguments=arguments,
        )
        return self.queue_name


class RabbitBinding(InputBinding, OutputBinding):
    """
    One queue; ``create`` ends when the broker has the message.

    An event that was not handled goes back into the queue; one is handed over at a time.
    """

    about = About(
        settings=RabbitBindingSettings,
        title="RabbitMQ",
        description="Puts messages into a queue of RabbitMQ, and takes them out of it.",
        url="https://docs.dapr.io/reference/components-reference/supported-bindings/rabbitmq/",
        authentication=(
            Authentication(
                title="Connection string",
                description="User and password stand in the address.",
                properties=("host",),
            ),
            Authentication(
                title="Client certificate",
                description="The certificate says who the client is.",
                properties=("host", "caCert", "clientCert", "clientKey", "externalSasl"),
            ),
        ),
        operations={"create": "Puts a message into the queue."},
    )
    operations = ("create",)

    def __init__(self) -> None:
        self._settings: RabbitBindingSettings | None = None
        self._connections: list[RabbitConnection] = []
        self._publisher: Publisher | None = None
        self._name = ""

    async def init(self, metadata: Metadata) -> None:
        settings = metadata.parse(RabbitBindingSettings)
        reading = await RabbitConnection.open(settings.address)
        self._connections = [reading]
        try:
            channel = await reading.channel(confirms=False)
            await settings.declare(channel)
            await leave(channel)
        except FAILURES as error:
            await reading.close()
            raise InitError(str(error_of(error, str(settings.address)))) from error
        # Only the connection that declared an exclusive queue may read it. Else each way has its own, as a
        # broker that runs out of disk stops reading what publishers send.
        publishing = reading
        if not settings.exclusive:
            publishing = RabbitConnection(settings.address)
            self._connections.append(publishing)
        self._publisher = Publisher(publishing, settings.reconnect_wait)
        self._settings, self._name = settings, metadata.name

    async def close(self) -> None:
        for connection in self._connections:
            await connection.close()

    async def ping(self) -> None:
        _, publisher = self._ready()
        await publisher.ping()

    async def invoke(self, request: InvokeRequest) -> InvokeResponse:
        settings, publisher = self._ready()
        if request.operation != "create":
            raise InvalidRequestError(f"unsupported operation {request.operation}, wanted create")
        try:
            ttl = ttl_of(request.metadata)
        except ValueError as error:
            raise InvalidRequestError(f"the time to live cannot be used: {error}") from error
        properties = properties_of(
            request.metadata, delivery_mode=_PERSISTENT, headers=request.metadata, ttl=ttl
        )
        name = settings.queue_name
        await publisher.publish(
            name, settings.declare, request.data, exchange="", key=name, properties=properties
        )
        return InvokeResponse()

    async def read(self, deliver: Delivery[Event]) -> None:
        settings, _ = self._ready()
        terms = Terms(
            title=f'bindings.rabbitmq "{self._name}"',
            prepare=settings.declare,
            tag=lambda _: "",  # the client makes one up
            prefetch=settings.prefetch_count,
            parallel=False,
            requeue_rejected=True,
            pause_seconds=settings.reconnect_wait.total_seconds(),
        )

        async def hand(message: DeliveredMessage) -> Outcome:
            return await deliver(Event(data=message.body, metadata=_metadata_of(message)))

        await Consumer(self._connections[0], terms).deliver_to(hand, deliver.ready)

    def _ready(self) -> tuple[RabbitBindingSettings, Publisher]:
        if self._settings is None or self._publisher is None:
            raise InitError("bindings.rabbitmq was not initialised: await init first")
        return self._settings, self._publisher


def _metadata_of(message: DeliveredMessage) -> dict[str, str]:
    """Return the headers that are texts, their names as a URL takes them."""
    headers = message.header.properties.headers or {}
    return {quote_plus(name): value for name, value in headers.items() if isinstance(value, str)}
