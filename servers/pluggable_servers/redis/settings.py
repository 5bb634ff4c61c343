"""
What the YAML of every Redis component says about the server.

Facts: components-contrib ``common/component/redis/settings.go``, dapr/kit ``config/decode.go``: a duration
that is a bare integer counts milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

from pluggable.about import Authentication
from pluggable.metadata import setting

PORT: Final = 6379
_ZERO: Final = timedelta()

#: How one may authenticate with any Redis component.
AUTHENTICATION: Final = (
    Authentication(
        title="User name and password",
        description="Authenticate with the server, and with the sentinels if there are any.",
        properties=("redisUsername", "redisPassword", "sentinelUsername", "sentinelPassword"),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisSettings:
    """
    The properties all Redis components share.

    Those of daprd's connection pool (``poolSize``, ``minIdleConns``, ``maxConnAge`` …) are taken and have no
    effect: concurrent requests share connections here.
    """

    redis_host: str = setting(
        description="The server's host or host:port; several with commas for a cluster or for sentinels.",
        example="localhost:6379",
    )
    redis_port: int | None = setting(
        default=None, description="The port of hosts that have none; else 6379.", example="6379"
    )
    redis_username: str = setting(
        default="", description="The user, as Redis has them from version 6.", example="orders"
    )
    redis_password: str = setting(default="", secret=True, description="The user's password.")
    redis_db: int = setting(
        default=0, name="redisDB", description="The number of the database; a cluster has one only."
    )
    redis_type: Literal["node", "cluster"] = setting(
        default="node", description="Whether redisHost is one server or some of a cluster."
    )
    failover: bool = setting(
        default=False, description="Takes redisHost for sentinels, which know the master."
    )
    sentinel_master_name: str = setting(
        default="", description="What the sentinels call the master; failover needs it.", example="mymaster"
    )
    sentinel_username: str = setting(
        default="", description="The user that the sentinels know.", example="watcher"
    )
    sentinel_password: str = setting(default="", secret=True, description="That user's password.")
    redis_max_retries: int = setting(
        default=3, aliases=("maxRetries",), description="How often a command is repeated; -1 for never."
    )
    redis_min_retry_interval: timedelta = setting(  # noqa: RUF009  frozen
        default=timedelta(milliseconds=8),
        unit="ms",
        description="How long to wait before the first repetition.",
    )
    redis_max_retry_interval: timedelta = setting(  # noqa: RUF009  frozen
        default=timedelta(milliseconds=512),
        unit="ms",
        description="How long to wait before a repetition at most.",
    )
    dial_timeout: timedelta = setting(  # noqa: RUF009  frozen
        default=_ZERO, unit="ms", description="How long connecting may take; 0 is 5 s."
    )
    read_timeout: timedelta = setting(  # noqa: RUF009  frozen
        default=_ZERO, unit="ms", description="How long an answer may take; 0 is 3 s, less is for ever."
    )
    enable_tls: bool = setting(default=False, name="enableTLS", description="Connects by TLS.")
    insecure_skip_tls_verify: bool = setting(
        default=False,
        name="insecureSkipTLSVerify",
        description="Takes any certificate of the server; for trying things out only.",
    )
    client_cert: str = setting(
        default="",
        description="The client's certificate, as PEM text.",
        example="-----BEGIN CERTIFICATE-----\n…",
    )
    client_key: str = setting(default="", secret=True, description="The certificate's key, as PEM text.")
    use_entra_id: bool = setting(
        default=False,
        name="useEntraID",
        aliases=("useAzureAD",),
        description="Not supported here, and refused.",
    )
    use_oidc: bool = setting(default=False, name="useOIDC", description="Not supported here, and refused.")

    def __post_init__(self) -> None:
        if faults := self.faults():
            raise ValueError("; ".join(faults))

    def faults(self) -> list[str]:
        """Return a sentence on each thing that is wrong with the properties together."""
        faults = []
        try:
            several = len(self.addresses) > 1
        except ValueError as error:
            return [str(error)]
        if several and self.redis_type == "node" and not self.failover:
            faults.append(
                f'redisHost is the list "{self.redis_host}", wanted one host; '
                "set redisType to cluster, or failover to true where they are sentinels"
            )
        if self.failover and self.redis_type == "cluster":
            faults.append("failover and redisType cluster are both set; a cluster fails over by itself")
        if self.failover and not self.sentinel_master_name:
            faults.append("sentinelMasterName is missing; failover needs it")
        if bool(self.client_cert) != bool(self.client_key):
            faults.append("of clientCert and clientKey one is missing")
        if self.use_entra_id:
            faults.append("useEntraID is not supported here; use redisUsername and redisPassword")
        if self.use_oidc:
            faults.append("useOIDC is not supported here; use redisUsername and redisPassword")
        return faults

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """The hosts of ``redisHost`` with their ports."""
        hosts = [host.strip() for host in self.redis_host.split(",") if host.strip()]
        if not hosts:
            raise ValueError("redisHost is empty, wanted host:port")
        return [self._address(host) for host in hosts]

    def _address(self, text: str) -> tuple[str, int]:
        host, colon, port = text.rpartition(":")
        if not colon or text.endswith("]") or (":" in host.strip("[]") and not host.startswith("[")):
            return text.strip("[]"), self.redis_port or PORT
        if not port.isdecimal():
            raise ValueError(f'redisHost is "{text}", wanted a number after the colon')
        if self.redis_port is not None and int(port) != self.redis_port:
            raise ValueError(f'redisHost is "{text}" and redisPort {self.redis_port}, wanted one port')
        return host.strip("[]"), int(port)
