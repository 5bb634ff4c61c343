"""
What the YAML of every MQTT component says about the broker.

Facts: components-contrib ``pubsub/mqtt3/metadata.go``, ``bindings/mqtt3/metadata.go``.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from pluggable.about import Authentication
from pluggable.metadata import setting

from ..trust import show, trusting

PORT: Final = 1883
TLS_PORT: Final = 8883
_PLAIN: Final = ("mqtt", "tcp")
_TLS: Final = ("mqtts", "ssl", "tls", "tcps")

#: How one may authenticate with any MQTT component.
AUTHENTICATION: Final = (
    Authentication(
        title="In the URL", description="A user and a password in url, or none.", properties=("url",)
    ),
    Authentication(
        title="Certificate",
        description="Authenticate by TLS, with a certificate of the client.",
        properties=("caCert", "clientCert", "clientKey"),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MQTTSettings:
    """The properties all MQTT components share."""

    url: str = setting(
        secret=True,
        description="Where the broker is: mqtt:// or by TLS mqtts://, with user:password@ if any.",
        example="mqtt://localhost:1883",
    )
    consumer_id: str = setting(
        default="",
        name="consumerID",
        description="The client's ID, which may be connected once only; the sidecar fills in its app ID.",
        example="orders",
    )
    retain: bool = setting(
        default=False, description="Has the broker keep the last message of a topic for who subscribes later."
    )
    clean_session: bool = setting(
        default=False,
        description="Has the broker forget subscriptions, and messages for them, while not connected.",
    )
    ca_cert: str = setting(
        default="",
        description="The certificates that vouch for the broker's, as PEM text.",
        example="-----BEGIN CERTIFICATE-----\n…",
    )
    client_cert: str = setting(
        default="",
        description="The client's certificate, as PEM text.",
        example="-----BEGIN CERTIFICATE-----\n…",
    )
    client_key: str = setting(default="", secret=True, description="The certificate's key, as PEM text.")

    def __post_init__(self) -> None:
        if faults := self.faults():
            raise ValueError("; ".join(faults))

    def faults(self) -> list[str]:
        """Return a sentence on each thing that is wrong with the properties together."""
        faults = []
        if not self.consumer_id.strip():
            faults.append("consumerID is missing; set it under spec.metadata where the sidecar does not")
        if bool(self.client_cert) != bool(self.client_key):
            faults.append("of clientCert and clientKey one is missing")
        try:
            scheme, host, _ = self.parts.scheme, self.parts.hostname, self.parts.port
        except ValueError:
            scheme, host = "", None
        if scheme not in (*_PLAIN, *_TLS) or not host:
            faults.append("url is not one of a broker, wanted such as mqtt://localhost:1883")
        return faults

    @property
    def parts(self) -> SplitResult:
        """The URL in its parts."""
        return urlsplit(self.url)

    @property
    def tls(self) -> bool:
        """Whether to connect by TLS."""
        return self.parts.scheme in _TLS

    @property
    def address(self) -> tuple[str, int]:
        """The broker's host and port."""
        return self.parts.hostname or "", self.parts.port or (TLS_PORT if self.tls else PORT)

    @property
    def login(self) -> tuple[str, str | None] | None:
        """The user and the password, where the URL has them."""
        if self.parts.username is None:
            return None
        password = self.parts.password
        return unquote(self.parts.username), None if password is None else unquote(password)


def context_of(settings: MQTTSettings) -> ssl.SSLContext:
    """
    Return the context of TLS; it writes files for a moment.

    Raises:
        ValueError: caCert holds no certificate.
        ssl.SSLError: the client's certificate or its key is not what it should be.
    """
    context = trusting(settings.ca_cert or None)
    if settings.client_cert:
        show(context, settings.client_cert, settings.client_key)
    return context
