"""Where a broker is and how one connects to it, as the YAML of either component comes to say it."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field

from yarl import URL

from ..trust import show

_PEM_START = "-----BEGIN "


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """PEM texts, empty where there are none."""

    ca: str = field(default="", repr=False)
    client: str = field(default="", repr=False)
    key: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        for name, text in (("caCert", self.ca), ("clientCert", self.client), ("clientKey", self.key)):
            if text and _PEM_START not in text:
                raise ValueError(f"{name} is not PEM, wanted a text that has {_PEM_START}…")

    @property
    def complete(self) -> bool:
        """Whether all three are there."""
        return bool(self.ca and self.client and self.key)

    def context(self) -> ssl.SSLContext:
        """
        Return what TLS is spoken with; it writes files for a moment, as OpenSSL wants them.

        Raises:
            ValueError: they are no certificates.
        """
        try:
            context = ssl.create_default_context(cadata=self.ca or None)
            if self.ca:  # those made by hand often lack what Python 3.13 insists on, and Go does not
                context.verify_flags &= ~ssl.VERIFY_X509_STRICT
            if self.client and self.key:
                show(context, self.client, self.key)
        except ssl.SSLError as error:
            raise ValueError(
                f"caCert, clientCert and clientKey cannot be used: {error.reason or error}"
            ) from error
        return context


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """All that connecting needs."""

    url: URL = field(repr=False)
    certificates: Certificates = Certificates()
    external: bool = False
    """Whether the client's certificate says who it is."""
    heartbeat_seconds: int = 10
    client_name: str = ""

    def __str__(self) -> str:
        return f"{self.url.host}:{self.port}"

    @property
    def port(self) -> int:
        """The port, where the URL has none that of the protocol."""
        return self.url.port or (5671 if self.encrypted else 5672)

    @property
    def encrypted(self) -> bool:
        """Whether TLS is spoken."""
        return self.url.scheme == "amqps"

    @property
    def dialled(self) -> URL:
        """The address as the client library takes it, which reads its options from the query."""
        query = {"heartbeat": str(self.heartbeat_seconds)}
        if self.external and self.encrypted:
            query["auth"] = "external"
        if self.client_name:
            query["name"] = self.client_name
        return self.url.with_query(query)


def url_of(text: str, property_name: str) -> URL:
    """
    Return a connection string as an address.

    Raises:
        ValueError: it is none; the text does not show it.
    """
    try:
        url = URL(text)
        valid = url.scheme in ("amqp", "amqps") and bool(url.host) and url.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise ValueError(f"{property_name} is no address, wanted amqp://user:password@host:port/vhost")
    return url
