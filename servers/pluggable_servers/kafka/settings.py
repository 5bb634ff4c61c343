"""
What the YAML of both Kafka components says about the cluster, the group and the records.

Facts: components-contrib ``common/component/kafka/metadata.go``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

from pluggable.about import Authentication
from pluggable.metadata import setting

_HALF_MINUTE: Final = timedelta(seconds=30)
#: What authRequired may be.
_TRUE: Final = ("true", "t", "1")
_FALSE: Final = ("false", "f", "0")
_PEM: Final = "-----BEGIN CERTIFICATE-----\n…"
#: Ways to authenticate that daprd has and that are left out here.
_LEFT_OUT: Final = ("oidc", "oidc_private_key_jwt", "awsiam")

#: How one may authenticate with any Kafka component.
AUTHENTICATION: Final = (
    Authentication(
        title="User name and password",
        description="SASL, as authType password.",
        properties=("saslUsername", "saslPassword", "saslMechanism"),
    ),
    Authentication(
        title="Client certificate",
        description="TLS on both sides, as authType mtls.",
        properties=("caCert", "clientCert", "clientKey"),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaSettings:
    """The properties all Kafka components share; those of daprd's client alone have no effect."""

    brokers: tuple[str, ...] = setting(
        description="Some of the brokers, host:port with commas.", example="localhost:9092"
    )
    consumer_group: str = setting(
        default="", description="The group that shares the messages; else consumerID.", example="orders"
    )
    consumer_id: str = setting(
        default="",
        name="consumerID",
        description="The group where consumerGroup is not set; the sidecar fills in its app ID.",
    )
    client_id: str = setting(
        default="", description="What the brokers' logs and quotas call this client.", example="orders"
    )
    auth_type: str = setting(
        aliases=("authRequired",),
        description="How to authenticate: none, password, mtls or certificate. "
        "As authRequired, which is older: false is none, true is password if there is one, else mtls.",
        example="none",
    )
    sasl_username: str = setting(default="", description="The user of authType password.")
    sasl_password: str = setting(default="", secret=True, description="That user's password.")
    sasl_mechanism: str = setting(
        default="PLAINTEXT",
        description="SHA-256 or SHA-512 for SCRAM; anything else is PLAIN.",
        example="SHA-512",
    )
    disable_tls: bool = setting(default=False, description="Connects without TLS; authType none always does.")
    skip_verify: bool = setting(
        default=False, description="Takes any certificate of a broker; for trying things out only."
    )
    ca_cert: str = setting(
        default="", description="Whom to trust beside the system's authorities, as PEM text.", example=_PEM
    )
    client_cert: str = setting(default="", description="The client's certificate, as PEM text.", example=_PEM)
    client_key: str = setting(default="", secret=True, description="The certificate's key, as PEM text.")
    initial_offset: Literal["newest", "oldest"] = setting(
        default="newest", description="Where a group begins that has read nothing yet."
    )
    max_message_bytes: int = setting(
        default=1048576, description="How large a request to a broker may be, in bytes."
    )
    heartbeat_interval: timedelta = setting(  # noqa: RUF009  frozen
        default=timedelta(seconds=3), description="How often the group hears of this member."
    )
    session_timeout: timedelta = setting(  # noqa: RUF009  frozen
        default=timedelta(seconds=10), description="When a silent member loses its partitions."
    )
    consumer_group_rebalance_strategy: Literal["range", "sticky", "roundrobin"] = setting(
        default="range", description="How partitions are shared out; alike in all members of a group."
    )
    consumer_fetch_min: int = setting(default=1, description="So many bytes a broker waits for in a fetch.")
    consumer_fetch_default: int = setting(
        default=1048576, description="So many bytes of a partition one fetch brings."
    )
    consume_retry_enabled: bool | None = setting(
        default=None,
        description="Whether a message that failed comes again: by default in pub/sub, not in a binding.",
    )
    consume_retry_interval: timedelta = setting(  # noqa: RUF009  frozen
        default=timedelta(milliseconds=100),
        unit="ms",
        description="The first pause after trouble with the brokers.",
    )
    compression: Literal["none", "gzip", "snappy", "lz4", "zstd"] = setting(
        default="none", description="How what is published is compressed."
    )
    producer_required_acks: Literal["all", "local", "none"] = setting(
        default="all", description="Which replicas have a message before publishing is done."
    )
    client_connection_topic_metadata_refresh_interval: timedelta = setting(  # noqa: RUF009  frozen
        default=timedelta(minutes=8), description="How often the brokers are asked for changes of topics."
    )
    read_timeout: timedelta = setting(  # noqa: RUF009  frozen
        default=_HALF_MINUTE, description="How long a broker's answer may take."
    )
    escape_headers: bool = setting(
        default=False, description="Whether the key and the headers received are escaped as in a URL's query."
    )
    exclude_header_meta_regex: str = setting(
        default="", description="Metadata and headers whose name this finds are left out, both ways."
    )

    def __post_init__(self) -> None:
        if faults := self.faults():
            raise ValueError("; ".join(faults))

    def faults(self) -> list[str]:
        """Return a sentence on each thing that is wrong with the properties together."""
        faults = self._faults_of_authentication()
        if not self.brokers:
            faults.append("brokers is empty, wanted host:port")
        for broker in self.brokers:
            if not broker.rpartition(":")[2].isdecimal() and ":" in broker:
                faults.append(f'brokers has "{broker}", wanted a number after the colon')
        if self._consumes() and not self.group:
            faults.append("consumerGroup is missing; set it under spec.metadata")
        try:
            re.compile(self.exclude_header_meta_regex)
        except re.error as error:
            faults.append(f'excludeHeaderMetaRegex is "{self.exclude_header_meta_regex}": {error}')
        return faults

    def _consumes(self) -> bool:
        """Say whether messages are received too, and not published only."""
        return True

    def _faults_of_authentication(self) -> list[str]:
        faults = []
        match self.authentication:
            case "":
                faults.append("authType is empty; set it to none where the brokers ask for nothing")
            case "password" if not (self.sasl_username and self.sasl_password):
                faults.append("authType is password, and saslUsername or saslPassword is missing")
            case "certificate" if not self.ca_cert:
                faults.append("authType is certificate, and caCert is missing")
            case "none" | "password" | "mtls" | "certificate":
                pass
            case kind if kind in _LEFT_OUT:
                faults.append(f"authType {kind} is not supported here; use password, mtls or certificate")
            case kind:
                faults.append(f'authType is "{kind}", wanted none, password, mtls or certificate')
        if bool(self.client_cert) != bool(self.client_key):
            faults.append("of clientCert and clientKey one is missing")
        return faults

    @property
    def authentication(self) -> str:
        """How to authenticate, also where the YAML has what stood before ``authType``."""
        kind = self.auth_type.strip().lower()
        if kind in _FALSE:
            return "none"
        if kind in _TRUE:
            return "password" if self.sasl_password else "mtls"
        return kind

    @property
    def tls(self) -> bool:
        """Whether connections are encrypted."""
        return not self.disable_tls and self.authentication != "none"

    @property
    def group(self) -> str:
        """The consumer group."""
        return self.consumer_group or self.consumer_id.strip()
