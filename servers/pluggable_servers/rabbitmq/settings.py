"""
What the YAML of ``pubsub.rabbitmq`` says.

Facts: components-contrib ``pubsub/rabbitmq/metadata.go``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

from yarl import URL

from pluggable.about import Authentication
from pluggable.metadata import setting

from .address import Address, Certificates, url_of

#: How one may authenticate with the broker.
AUTHENTICATION: Final = (
    Authentication(
        title="Connection string",
        description="User and password stand in the connection string.",
        properties=("connectionString",),
    ),
    Authentication(
        title="User name and password",
        description="Host, user and password stand in properties of their own.",
        properties=("hostname", "protocol", "username", "password"),
    ),
    Authentication(
        title="Client certificate",
        description="The certificate says who the client is.",
        properties=("connectionString", "caCert", "clientCert", "clientKey", "saslExternal"),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RabbitPubSubSettings:
    """The properties of ``pubsub.rabbitmq``."""

    connection_string: str = setting(
        default="",
        aliases=("host",),
        secret=True,
        description="The broker's address, with user and password.",
        example="amqp://user:password@localhost:5672/vhost",
    )
    consumer_id: str = setting(
        default="",
        name="consumerID",
        description="The group of subscribers; the sidecar fills in its app ID.",
        example="orders",
    )
    protocol: Literal["", "amqp", "amqps"] = setting(
        default="", description="Whether TLS is spoken, amqps, or not; else as the connection string says."
    )
    hostname: str = setting(
        default="localhost", description="The broker's host or host:port, without a connection string."
    )
    username: str = setting(default="", description="The user; guest without one.", example="orders")
    password: str = setting(default="", secret=True, description="The user's password.")
    durable: bool = setting(default=True, description="Exchanges and queues outlive a restart of the broker.")
    deleted_when_unused: bool = setting(
        default=True, description="Exchanges and queues go away with the last subscriber."
    )
    auto_ack: bool = setting(
        default=False, description="The broker forgets a message once it is sent, handled or not."
    )
    requeue_in_failure: bool = setting(default=False, description="A rejected message comes again.")
    enable_dead_letter: bool = setting(
        default=False, description="A rejected message goes to the queue dlq- and the name of its own."
    )
    delivery_mode: Literal["0", "1", "2"] = setting(
        default="0", description="2 keeps the messages over a restart of the broker; 0 and 1 do not."
    )
    prefetch_count: int = setting(
        default=0, description="How many messages a subscription holds at once; 0 is 500.", example="10"
    )
    reconnect_wait: timedelta = setting(  # noqa: RUF009  frozen
        default=timedelta(seconds=3),
        name="reconnectWaitSeconds",
        description="How long to wait before connecting again.",
    )
    max_len: int = setting(default=0, description="How many messages a queue keeps; 0 for all.")
    max_len_bytes: int = setting(default=0, description="How many bytes a queue keeps; 0 for all.")
    exchange_kind: Literal["fanout", "topic", "direct", "headers"] = setting(
        default="fanout", description="How an exchange finds the queues of a message."
    )
    publisher_confirm: bool = setting(
        default=False, description="No effect: publishing always waits until the broker has the message."
    )
    sasl_external: bool = setting(
        default=False, description="The client's certificate says who it is; needs amqps."
    )
    ca_cert: str = setting(
        default="", description="Whom to trust, as PEM text.", example="-----BEGIN CERTIFICATE-----\n…"
    )
    client_cert: str = setting(default="", description="The client's certificate, as PEM text.", secret=True)
    client_key: str = setting(default="", secret=True, description="The certificate's key, as PEM text.")
    client_name: str = setting(
        default="", description="What the broker calls the connection.", example="orders"
    )
    heart_beat: timedelta = setting(  # noqa: RUF009  frozen
        default=timedelta(seconds=10), description="How often both sides show that they live."
    )
    concurrency: Literal["parallel", "single"] = setting(
        default="parallel",
        name="concurrencyMode",
        aliases=("concurrency",),
        description="Whether messages are handled at the same time, or one after the other in order.",
    )
    ttl: timedelta | None = setting(  # noqa: RUF009  frozen
        default=None,
        name="ttlInSeconds",
        aliases=("ttl",),
        description="How long a message lives that does not say so itself.",
        example="60",
    )
    publish_message_properties_to_metadata: bool = setting(
        default=False, description="Properties and headers of a message are handed over with it."
    )

    def __post_init__(self) -> None:
        if faults := self.faults():
            raise ValueError("; ".join(faults))

    def faults(self) -> list[str]:
        """Return a sentence on each thing that is wrong with the properties together."""
        faults = []
        try:
            url = self.url
            if self.connection_string and self.protocol and url.scheme != self.protocol:
                faults.append(f"protocol is {self.protocol}, and connectionString begins with {url.scheme}")
        except ValueError as error:
            faults.append(str(error))
        try:
            certificates = self.certificates
            if self.sasl_external and not certificates.complete:
                faults.append("saslExternal is set; it needs caCert, clientCert and clientKey")
        except ValueError as error:
            faults.append(str(error))
        if not 0 <= self.prefetch_count <= 255:
            faults.append(f"prefetchCount is {self.prefetch_count}, wanted 0 to 255")
        return faults

    @property
    def url(self) -> URL:
        """Where the broker is."""
        if self.connection_string:
            return url_of(self.connection_string, "connectionString")
        url = url_of(f"{self.protocol or 'amqp'}://{self.hostname}", "hostname")
        return url.with_user(self.username).with_password(self.password or None) if self.username else url

    @property
    def certificates(self) -> Certificates:
        """The PEM texts."""
        return Certificates(ca=self.ca_cert, client=self.client_cert, key=self.client_key)

    @property
    def address(self) -> Address:
        """Where the broker is, and how to connect."""
        return Address(
            url=self.url,
            certificates=self.certificates,
            external=self.sasl_external,
            heartbeat_seconds=int(self.heart_beat.total_seconds()),
            client_name=self.client_name,
        )
