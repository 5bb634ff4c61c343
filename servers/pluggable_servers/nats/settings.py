"""
What the YAML of ``pubsub.jetstream`` says.

Facts: components-contrib ``pubsub/jetstream/metadata.go``; a duration that is a bare integer counts seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from pluggable.about import Authentication
from pluggable.metadata import parse_duration, setting

_ZERO: Final = timedelta()
_POLICIES: Final = {
    "": DeliverPolicy.ALL,
    "all": DeliverPolicy.ALL,
    "last": DeliverPolicy.LAST,
    "new": DeliverPolicy.NEW,
    "sequence": DeliverPolicy.BY_START_SEQUENCE,
    "time": DeliverPolicy.BY_START_TIME,
}
_ACKNOWLEDGEMENTS: Final = {"all": AckPolicy.ALL, "none": AckPolicy.NONE}

#: How one may authenticate; the first that is given counts.
AUTHENTICATION: Final = (
    Authentication(
        title="JWT", description="A user's JWT and the seed of its key.", properties=("jwt", "seedKey")
    ),
    Authentication(
        title="Certificate",
        description="Authenticate by TLS, with a certificate of the client.",
        properties=("tls_client_cert", "tls_client_key"),
    ),
    Authentication(title="Token", description="A token that the server knows.", properties=("token",)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class JetStreamSettings:
    """The properties of ``pubsub.jetstream``."""

    nats_url: str = setting(
        name="natsURL",
        secret=True,
        description="The server, or several with commas; with user:password@ if any.",
        example="nats://localhost:4222",
    )
    jwt: str = setting(default="", secret=True, description="The user's JWT; seedKey belongs to it.")
    seed_key: str = setting(default="", secret=True, description="The seed of the user's key.")
    token: str = setting(default="", secret=True, description="A token that the server knows.")
    tls_client_cert: str = setting(
        default="",
        name="tls_client_cert",
        description="The file with the client's certificate.",
        example="/etc/nats/client.pem",
    )
    tls_client_key: str = setting(
        default="",
        name="tls_client_key",
        description="The file with the certificate's key.",
        example="/etc/nats/client.key",
    )
    name: str = setting(
        default="dapr.io - pubsub.jetstream", description="What the server calls the connection."
    )
    stream_name: str = setting(
        default="", description="The stream; else the one that has the topic. It has to be there."
    )
    durable_name: str = setting(
        default="",
        description="The consumer that remembers what was handled, of one topic; else it is forgotten.",
    )
    queue_group_name: str = setting(
        default="", description="The group whose members share a consumer's messages."
    )
    start_sequence: int = setting(
        default=0, description="Where a new consumer begins, with deliverPolicy sequence."
    )
    start_time: int | None = setting(
        default=None,
        description="Since when a new consumer has messages, in seconds of Unix, with deliverPolicy time.",
    )
    deliver_policy: Literal["", "all", "last", "new", "sequence", "time"] = setting(
        default="all", description="Where a new consumer begins."
    )
    ack_policy: str = setting(
        default="explicit",
        description="What acknowledges: explicit each for itself, all those before it too, or none.",
    )
    flow_control: bool = setting(
        default=False, description="Has the server wait for this consumer; needs heartbeat."
    )
    memory_storage: bool = setting(default=False, description="Keeps the consumer's state in memory alone.")
    ack_wait: timedelta = setting(  # noqa: RUF009  frozen
        default=_ZERO,
        description="When a message counts as lost and is delivered again; 0 is the server's 30 s.",
    )
    heartbeat: timedelta = setting(  # noqa: RUF009  frozen
        default=_ZERO, description="How often the server shows life while there are no messages; 0 for never."
    )
    max_deliver: int = setting(default=0, description="How often a message is delivered at most; 0 for ever.")
    max_ack_pending: int = setting(
        default=0, description="How many messages may be unacknowledged; 0 is the server's 1000."
    )
    replicas: int = setting(default=0, description="How many servers keep the consumer's state.")
    rate_limit: int = setting(default=0, description="How many bits a second the server sends; 0 for any.")
    back_off: tuple[str, ...] = setting(
        default=(),
        description="Pauses before each delivery again, the last for all that follow.",
        example="1s,5s",
    )
    domain: str = setting(default="", description="The JetStream domain.")
    api_prefix: str = setting(
        default="", name="apiPrefix", description="What JetStream's own subjects begin with."
    )
    concurrency_mode: Literal["single", "parallel"] = setting(
        default="single",
        aliases=("concurrency",),
        description="Whether messages of a topic are handled in order, one by one, or at once.",
    )

    def __post_init__(self) -> None:
        if faults := self.faults():
            raise ValueError("; ".join(faults))

    def faults(self) -> list[str]:
        """Return a sentence on each thing that is wrong with the properties together."""
        faults = []
        if not self.servers:
            faults.append("natsURL is empty, wanted such as nats://localhost:4222")
        for one, other in (("jwt", "seedKey"), ("tls_client_cert", "tls_client_key")):
            given = {"jwt": self.jwt, "seedKey": self.seed_key}.get(one, self.tls_client_cert)
            needs = {"seedKey": self.seed_key}.get(other, self.tls_client_key)
            if bool(given) != bool(needs):
                faults.append(f"of {one} and {other} one is missing")
        if self.flow_control and not self.heartbeat:
            faults.append("flowControl needs heartbeat, wanted such as 5s")
        return faults

    @property
    def servers(self) -> list[str]:
        """The URLs of the servers."""
        return [url.strip() for url in self.nats_url.split(",") if url.strip()]

    @property
    def acknowledged(self) -> bool:
        """Whether the server waits for acknowledgements."""
        return self.ack_policy != "none"

    def consumer(self, subject: str, inbox: str) -> ConsumerConfig:
        """Return the consumer of a topic as daprd makes it, whose messages go to an inbox."""
        return ConsumerConfig(
            durable_name=self.durable_name or None,
            deliver_group=self.queue_group_name or None,
            deliver_subject=inbox,
            filter_subject=subject,
            deliver_policy=_POLICIES[self.deliver_policy],
            opt_start_seq=self.start_sequence or None,
            opt_start_time=None if self.start_time is None else datetime.fromtimestamp(self.start_time, UTC),
            ack_policy=_ACKNOWLEDGEMENTS.get(self.ack_policy, AckPolicy.EXPLICIT),
            ack_wait=self.ack_wait.total_seconds() or None,
            max_deliver=self.max_deliver or None,
            backoff=[parse_duration(each).total_seconds() for each in self.back_off] or None,
            max_ack_pending=self.max_ack_pending or None,
            num_replicas=self.replicas or None,
            mem_storage=self.memory_storage or None,
            rate_limit_bps=self.rate_limit or None,
            flow_control=self.flow_control or None,
            idle_heartbeat=self.heartbeat.total_seconds() or None,
        )
