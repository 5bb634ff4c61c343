"""
What the YAML of the Service Bus components says.

Facts: components-contrib ``common/component/azure/servicebus/metadata.go``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from azure.servicebus import parse_connection_string

from pluggable.about import Authentication
from pluggable.metadata import setting

from . import entra
from .entra import EntraSettings

_SHORTEST_IDLE: Final = 300

AUTHENTICATION: Final = (
    Authentication(
        title="Connection string",
        description="Authenticate with a shared access policy's key.",
        properties=("connectionString",),
    ),
    *(replace(each, properties=("namespaceName", *each.properties)) for each in entra.AUTHENTICATION),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceBusSettings(EntraSettings):
    """The properties that all Service Bus components share."""

    connection_string: str = setting(
        default="",
        secret=True,
        description="Where the namespace is and the key to it; this or namespaceName is wanted.",
        example="Endpoint=sb://orders.servicebus.windows.net/;SharedAccessKeyName=…;SharedAccessKey=…",
    )
    namespace_name: str = setting(
        default="",
        description="The namespace, for Microsoft Entra ID.",
        example="orders.servicebus.windows.net",
    )
    timeout_in_sec: int = setting(default=60, description="How many seconds an operation may take.")
    handler_timeout_in_sec: int = setting(
        default=60, description="How many seconds a message's handler may take; 0 for ever."
    )
    lock_renewal_in_sec: int = setting(
        default=20,
        description="How often, in seconds, the locks of messages in hand are renewed; 0 for never.",
    )
    max_active_messages: int = setting(default=1000, description="How many messages are held at once.")
    max_concurrent_handlers: int = setting(
        default=0, description="How many messages are handled at once; 0 for all that are held."
    )
    max_retriable_errors_per_sec: int = setting(
        default=10, description="How many failed messages a second go back; 0 for no bound."
    )
    min_connection_recovery_in_sec: int = setting(
        default=2, description="How many seconds to wait before connecting again, at first."
    )
    max_connection_recovery_in_sec: int = setting(
        default=300, description="How many seconds to wait before connecting again, at most."
    )
    disable_entity_management: bool = setting(
        default=False,
        description="Whether others make queues, topics and subscriptions; else what is not there is made.",
    )
    max_delivery_count: int | None = setting(
        default=None,
        description="After how many deliveries a message is a dead letter, in what is made here.",
    )
    lock_duration_in_sec: int | None = setting(
        default=None, description="How many seconds a message is locked for, in what is made here."
    )
    default_message_time_to_live_in_sec: timedelta | None = setting(  # noqa: RUF009  frozen
        default=None,
        aliases=("ttlInSeconds", "ttl"),
        description="How long a message without a time to live lives, in what is made here.",
    )
    auto_delete_on_idle_in_sec: int | None = setting(
        default=None,
        description="After how many seconds without use a queue or subscription made here is deleted.",
    )
    publish_max_retries: int = setting(default=5, description="How often a message is sent again.")
    publish_initial_retry_interval_in_ms: int = setting(
        default=500,
        aliases=("publishInitialRetryInternalInMs",),
        description="How many milliseconds to wait before a message is sent again, at first.",
    )

    def __post_init__(self) -> None:
        if faults := self.faults():
            raise ValueError("; ".join(faults))

    def faults(self) -> list[str]:
        """Return a sentence on each thing that is wrong with the properties together."""
        faults = self.entra_faults()
        if self.connection_string and self.namespace_name:
            faults.append("connectionString and namespaceName are both set, wanted one of them")
        elif self.connection_string and not self.host:
            faults.append(
                "connectionString is none, wanted Endpoint=sb://…;SharedAccessKeyName=…;SharedAccessKey=…"
            )
        if self.max_active_messages < 1:
            faults.append(f"maxActiveMessages is {self.max_active_messages}, wanted 1 or more")
        if self.max_retriable_errors_per_sec < 0:
            faults.append(
                f"maxRetriableErrorsPerSec is {self.max_retriable_errors_per_sec}, wanted 0 or more"
            )
        idle = self.auto_delete_on_idle_in_sec
        if idle is not None and idle < _SHORTEST_IDLE:
            faults.append(f"autoDeleteOnIdleInSec is {idle}, wanted {_SHORTEST_IDLE} or more")
        life = self.default_message_time_to_live_in_sec
        if life is not None and life <= timedelta():
            faults.append("defaultMessageTimeToLiveInSec has to be more than 0")
        return faults

    @property
    def emulated(self) -> bool:
        """Whether the namespace is Microsoft's emulator, which is asked without TLS."""
        return "usedevelopmentemulator=true" in self.connection_string.lower()

    @property
    def host(self) -> str:
        """Where the namespace is; empty where the connection string is none."""
        if self.namespace_name:
            return self.namespace_name
        try:
            return parse_connection_string(self.connection_string).fully_qualified_namespace
        except ValueError:
            return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicsSettings(ServiceBusSettings):
    """The properties of ``pubsub.azure.servicebus.topics``."""

    consumer_id: str = setting(
        default="",
        name="consumerID",
        description="The subscription's name; the sidecar fills in its app ID.",
        example="orders",
    )

    def faults(self) -> list[str]:
        faults = ServiceBusSettings.faults(self)
        if not self.consumer_id:
            faults.append("consumerID is missing; set it under spec.metadata where the sidecar does not")
        return faults


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueSettings(ServiceBusSettings):
    """The properties of ``bindings.azure.servicebusqueues``."""

    queue_name: str = setting(description="The queue.", example="orders")
    handler_timeout_in_sec: int = setting(
        default=0, description="How many seconds an event's handler may take; 0 for ever."
    )
    max_active_messages: int = setting(default=1, description="How many messages are held at once.")
    max_concurrent_handlers: int = setting(
        default=1, description="How many messages are handled at once; 0 for all that are held."
    )

    def faults(self) -> list[str]:
        faults = ServiceBusSettings.faults(self)
        if not self.queue_name:
            faults.append("queueName is empty, wanted the name of a queue")
        return faults
