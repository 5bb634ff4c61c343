"""
What the YAML of ``state.etcd`` says.

Facts: components-contrib ``state/etcd/etcd.go``.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import Final

from pluggable.about import Authentication
from pluggable.metadata import setting

from ..trust import show

_PORT: Final = 2379
_SCHEMES: Final = {"http": False, "https": True}

AUTHENTICATION: Final = (
    Authentication(
        title="TLS",
        description="Connect over TLS with a certificate of the client's.",
        properties=("tlsEnable", "ca", "cert", "key"),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EtcdSettings:
    """The properties of ``state.etcd``, in both versions."""

    endpoints: tuple[str, ...] = setting(
        description="The members, host:port with commas; who does not answer is passed over.",
        example="localhost:2379",
    )
    key_prefix_path: str = setting(
        default="", description="What stands before every key, with a slash between.", example="orders"
    )
    max_txn_ops: int = setting(
        default=128,
        description="How many operations a transaction may have, as the server's --max-txn-ops.",
    )
    tls_enable: bool = setting(default=False, description="Whether to connect over TLS.")
    ca: str = setting(default="", description="The certificates of the authorities that are trusted, in PEM.")
    cert: str = setting(default="", description="The client's certificate, in PEM.")
    key: str = setting(default="", secret=True, description="The key of the client's certificate, in PEM.")

    def __post_init__(self) -> None:
        if not self.addresses:
            raise ValueError("endpoints is empty, wanted host:port, several with commas")
        if self.max_txn_ops < 1:
            raise ValueError(f"maxTxnOps is {self.max_txn_ops}, wanted 1 or more")
        missing = [name for name in ("ca", "cert", "key") if not getattr(self, name)]
        if self.tls_enable and missing:
            raise ValueError(
                f"tls authentication information is incomplete: {', '.join(missing)} missing, "
                "wanted ca, cert and key where tlsEnable is true"
            )

    @property
    def addresses(self) -> list[tuple[str, bool]]:
        """The members as host:port, and whether each is spoken to over TLS."""
        return [_address(each.strip(), tls=self.tls_enable) for each in self.endpoints if each.strip()]

    def context(self) -> ssl.SSLContext:
        """
        Return what TLS is done with; without ``tlsEnable`` it trusts whom the machine trusts.

        Raises:
            ValueError: the certificates or the key are not what they should be.
        """
        try:
            context = ssl.create_default_context(cadata=self.ca if self.tls_enable else None)
        except ssl.SSLError as error:
            raise ValueError(f"ca holds no certificate: {error.reason or error}") from error
        context.set_alpn_protocols(["h2"])
        if self.tls_enable:
            context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # which Go does not ask for either
            try:
                show(context, self.cert, self.key)
            except ssl.SSLError as error:
                reason = error.reason or error
                raise ValueError(f"cert and key are no certificate and its key: {reason}") from error
        return context


def _address(text: str, *, tls: bool) -> tuple[str, bool]:
    scheme, separator, rest = text.partition("://")
    if not separator:
        scheme, rest = "http", text
    if scheme not in _SCHEMES:
        raise ValueError(f'endpoints has "{text}", wanted http or https before the ://')
    host, colon, port = rest.rstrip("/").rpartition(":")
    if not colon or port.endswith("]"):
        host, port = rest.rstrip("/"), str(_PORT)
    if not host or not port.isdecimal():
        raise ValueError(f'endpoints has "{text}", wanted host:port')
    return f"{host}:{port}", tls or _SCHEMES[scheme]
