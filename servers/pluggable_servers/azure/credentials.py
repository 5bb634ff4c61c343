"""Tokens of Microsoft Entra ID, by the ways that the YAML names and the surroundings have."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Protocol, Self

from azure.core.credentials import AccessToken, AccessTokenInfo, TokenRequestOptions
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import CredentialUnavailableError
from azure.identity.aio import (
    AzureCliCredential,
    CertificateCredential,
    ClientSecretCredential,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)

from pluggable.errors import InitError

from .entra import EntraSettings

#: Where virtual machines have their managed identity, and how long to wait for somebody there.
METADATA_SERVICE: Final = ("169.254.169.254", 80)
_THERE_SECONDS: Final = 1.0
#: The variables by which other services say that there is a managed identity.
_MANAGED: Final = ("IDENTITY_ENDPOINT", "IMDS_ENDPOINT", "MSI_ENDPOINT")


class _Way(Protocol):
    """One of the library's credentials."""

    async def get_token_info(
        self, *scopes: str, options: TokenRequestOptions | None = None
    ) -> AccessTokenInfo: ...

    async def close(self) -> None: ...


class Credential:
    """
    What gets tokens by the first way that is there, and by that one from then on. Whoever made it closes it.

    The library has such a chain too; there a network that is down reads as credentials that are wrong.
    """

    def __init__(self, ways: Sequence[tuple[str, _Way]]) -> None:
        self._ways = ways
        self._found: _Way | None = None

    async def get_token_info(
        self, *scopes: str, options: TokenRequestOptions | None = None
    ) -> AccessTokenInfo:
        """
        Return a token, of those kept or a new one.

        Raises:
            ClientAuthenticationError: no way is there, or the first that is was refused.
            AzureError: whoever has the tokens cannot be reached.
        """
        if self._found is not None:
            return await self._found.get_token_info(*scopes, options=options)
        lacking = []
        for method, way in self._ways:
            try:
                token = await way.get_token_info(*scopes, options=options)
            except CredentialUnavailableError as error:
                lacking.append(f"{method}: {error}")
            else:
                self._found = way
                return token
        raise ClientAuthenticationError(f"no way to a token is there: {'; '.join(lacking)}")

    async def get_token(
        self,
        *scopes: str,
        claims: str | None = None,
        tenant_id: str | None = None,
        enable_cae: bool = False,
        **_options: Any,
    ) -> AccessToken:
        """Return the same, for the library's older clients."""
        options: TokenRequestOptions = {"enable_cae": enable_cae}
        if claims is not None:
            options["claims"] = claims
        if tenant_id is not None:
            options["tenant_id"] = tenant_id
        found = await self.get_token_info(*scopes, options=options)
        return AccessToken(found.token, found.expires_on)

    async def close(self) -> None:
        """Give up what the ways hold."""
        for _, way in self._ways:
            await way.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.close()


def credential(settings: EntraSettings, **options: Any) -> Credential:
    """
    Return what gets tokens, not connected yet. It reads files.

    ``options`` are those of the clients of ``azure.identity``.

    Raises:
        InitError: what is given does not fit, or does not suffice for any way.
    """
    found, lacking = [], []
    for method in settings.methods:
        try:
            found.append((method, _WAYS[method](settings, options)))
        except _LackingError as error:
            lacking.append(f"{method} lacks {error}")
    if not found:
        raise InitError(f"no token of Microsoft Entra ID can be had: {'; '.join(lacking)}")
    return Credential(found)


class _Managed:
    """A managed identity; where nothing says that there is one, it is looked for, and not for long."""

    def __init__(self, found: _Way) -> None:
        self._found = found
        self._there = any(os.environ.get(name) for name in _MANAGED)

    async def get_token_info(
        self, *scopes: str, options: TokenRequestOptions | None = None
    ) -> AccessTokenInfo:
        if not self._there:
            try:
                async with asyncio.timeout(_THERE_SECONDS):
                    _, writer = await asyncio.open_connection(*METADATA_SERVICE)
            except (OSError, TimeoutError):
                raise CredentialUnavailableError("this machine has none") from None
            writer.close()
            self._there = True
        return await self._found.get_token_info(*scopes, options=options)

    async def close(self) -> None:
        await self._found.close()


class _LackingError(Exception):
    """What a way needs is not there."""


def _secret(settings: EntraSettings, options: Mapping[str, Any]) -> _Way:
    if not settings.azure_client_secret:
        raise _LackingError("azureClientSecret")
    try:
        return ClientSecretCredential(
            settings.azure_tenant_id,
            settings.azure_client_id,
            settings.azure_client_secret,
            authority=settings.cloud.authority,
            **options,
        )
    except ValueError as error:
        raise InitError(f"azureTenantId is none: {error}") from error


def _certificate(settings: EntraSettings, options: Mapping[str, Any]) -> _Way:
    path = settings.azure_certificate_file
    if not path and not settings.azure_certificate:
        raise _LackingError("azureCertificate and azureCertificateFile")
    given = {"certificate_path": path} if path else {"certificate_data": settings.azure_certificate.encode()}
    try:
        return CertificateCredential(
            settings.azure_tenant_id,
            settings.azure_client_id,
            password=settings.azure_certificate_password or None,
            authority=settings.cloud.authority,
            **given,
            **options,
        )
    except OSError as error:
        raise InitError(
            f"azureCertificateFile names {path}, which cannot be read: {error.strerror}"
        ) from error
    except (ValueError, TypeError):  # what they say may quote the key
        named = f"azureCertificateFile names {path}, which" if path else "azureCertificate"
        raise InitError(
            f"{named} is no certificate with its RSA key in PEM or PKCS #12, "
            "or azureCertificatePassword or azureTenantId does not fit"
        ) from None


def _workload(_settings: EntraSettings, options: Mapping[str, Any]) -> _Way:
    try:
        return WorkloadIdentityCredential(**options)
    except ValueError:
        raise _LackingError("AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_FEDERATED_TOKEN_FILE") from None


def _managed(settings: EntraSettings, options: Mapping[str, Any]) -> _Way:
    return _Managed(ManagedIdentityCredential(client_id=settings.azure_client_id or None, **options))


def _cli(_settings: EntraSettings, _options: Mapping[str, Any]) -> _Way:
    return AzureCliCredential()


_WAYS: Final[Mapping[str, Callable[[EntraSettings, Mapping[str, Any]], _Way]]] = {
    "clientcredentials": _secret,
    "clientcertificate": _certificate,
    "workloadidentity": _workload,
    "managedidentity": _managed,
    "commandlineinterface": _cli,
}
