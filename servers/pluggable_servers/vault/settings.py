"""
What the YAML says about a Vault.

Source: components-contrib ``secretstores/hashicorp/vault``.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

from pluggable.errors import InitError, MetadataError
from pluggable.metadata import setting

from ..token import Token
from ..trust import pem_in, trusting

ADDRESS: Final = "https://127.0.0.1:8200"
ENGINE: Final = "secret"
PREFIX: Final = "dapr"


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """The properties; one that is empty is as good as absent."""

    vault_addr: str = setting(
        default=ADDRESS, description="The server's address.", example="https://vault.example.com:8200"
    )
    ca_pem: str = setting(
        default="",
        description="Whom to trust instead of the system's authorities: PEM text.",
        example="-----BEGIN CERTIFICATE-----\n…",
    )
    ca_path: str = setting(
        default="",
        description="A folder with such PEM files; counts where caPem is absent.",
        example="/etc/vault/cas",
    )
    ca_cert: str = setting(
        default="",
        description="Such a PEM file; counts where caPem and caPath are absent.",
        example="/etc/vault/ca.pem",
    )
    skip_verify: str = setting(
        default="false",
        description="Takes any certificate of the server if true, spelled so; for trying things out only.",
        example="true",
    )
    tls_server_name: str = setting(
        default="",
        name="tlsServerName",
        description="The name that the server's certificate has, where it is not the address's.",
        example="vault.example.com",
    )
    vault_token: str = setting(default="", secret=True, description="The token to authenticate with.")
    vault_token_mount_path: str = setting(
        default="",
        description="A file with the token, instead of vaultToken; one put there later counts from then on.",
        example="/var/run/secrets/vault/token",
    )
    vault_kv_prefix: str = setting(
        default=PREFIX, name="vaultKVPrefix", description="The folder of the engine that has the secrets."
    )
    vault_kv_use_prefix: bool = setting(
        default=True,
        name="vaultKVUsePrefix",
        description="Whether vaultKVPrefix counts; else secrets are named from the engine's root.",
    )
    engine_path: str = setting(
        default=ENGINE, description="Where the key/value engine, of version 2, is mounted.", example="kv"
    )
    vault_value_type: Literal["map", "text", ""] = setting(
        default="map",
        description="Whether a secret's fields are its values, or text, which is its JSON, the only one.",
    )

    def __post_init__(self) -> None:
        parts = urlsplit(self.address)
        if parts.scheme not in {"http", "https"} or not parts.netloc:
            raise ValueError(f'vaultAddr is "{self.vault_addr}", wanted http:// or https:// and a host')

    @property
    def address(self) -> str:
        """The server's address, without a slash at the end."""
        return (self.vault_addr or ADDRESS).rstrip("/")

    @property
    def engine(self) -> str:
        """Where the engine is mounted, without slashes around it."""
        return (self.engine_path or ENGINE).strip("/")

    @property
    def prefix(self) -> str:
        """What stands before each secret's name: empty, or with a slash at its end."""
        folder = (self.vault_kv_prefix or PREFIX).strip("/") if self.vault_kv_use_prefix else ""
        return f"{folder}/" if folder else ""

    def token(self) -> Token:
        """
        Return the token, not opened yet.

        Raises:
            MetadataError: there is none, or there are two.
        """
        path = self.vault_token_mount_path
        if not self.vault_token and not path:
            raise MetadataError(["vaultToken and vaultTokenMountPath are missing, wanted one of them"])
        if self.vault_token and path:
            raise MetadataError(["vaultToken and vaultTokenMountPath are both set, wanted one of them"])
        return Token(self.vault_token, Path(path) if path else None)

    def tls(self) -> ssl.SSLContext:
        """
        Return the client's side of TLS; it reads files.

        Raises:
            InitError: what should say whom to trust does not.
        """
        if self.skip_verify == "true":
            return trusting(verifies=False)
        source, where = _first(caPem=self.ca_pem, caPath=self.ca_path, caCert=self.ca_cert)
        if not where:
            return trusting()
        try:
            return trusting(where if source == "caPem" else pem_in(Path(where)))
        except OSError as error:
            raise InitError(f"{source} names {where}, which cannot be read: {error.strerror}") from error
        except ValueError as error:
            shown = "is set and" if source == "caPem" else f"names {where}, which"
            raise InitError(f"{source} {shown} holds no certificates in PEM") from error


def _first(**given: str) -> tuple[str, str]:
    """Return the first that is set, with its name."""
    return next(((name, value) for name, value in given.items() if value), ("", ""))
