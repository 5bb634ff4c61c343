"""Tokens of Microsoft Entra ID, by the ways that the YAML names and the surroundings have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from azure.identity.aio import (
    AzureCliCredential,
    CertificateCredential,
    ChainedTokenCredential,
    ClientSecretCredential,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)

from pluggable.errors import InitError

from .entra import EntraSettings


def credential(settings: EntraSettings, **options: Any) -> ChainedTokenCredential:
    """
    Return what gets tokens, not connected yet; whoever calls this closes it. It reads files.

    ``options`` are those of the clients of ``azure.identity``. The first way that can be tried decides.

    Raises:
        InitError: what is there is none, or does not suffice for any way.
    """
    found, lacking = [], []
    for method in settings.methods:
        try:
            found.append(_WAYS[method](settings, options))
        except _LackingError as error:
            lacking.append(f"{method} lacks {error}")
    if not found:
        raise InitError(f"no token of Microsoft Entra ID can be had: {'; '.join(lacking)}")
    return ChainedTokenCredential(*found)


class _LackingError(Exception):
    """What a way needs is not there."""


def _secret(settings: EntraSettings, options: Mapping[str, Any]) -> Any:
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


def _certificate(settings: EntraSettings, options: Mapping[str, Any]) -> Any:
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


def _workload(_settings: EntraSettings, options: Mapping[str, Any]) -> Any:
    try:
        return WorkloadIdentityCredential(**options)
    except ValueError:
        raise _LackingError("AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_FEDERATED_TOKEN_FILE") from None


def _managed(settings: EntraSettings, options: Mapping[str, Any]) -> Any:
    return ManagedIdentityCredential(client_id=settings.azure_client_id or None, **options)


def _cli(_settings: EntraSettings, _options: Mapping[str, Any]) -> Any:
    return AzureCliCredential()


_WAYS: Final[Mapping[str, Callable[[EntraSettings, Mapping[str, Any]], Any]]] = {
    "clientcredentials": _secret,
    "clientcertificate": _certificate,
    "workloadidentity": _workload,
    "managedidentity": _managed,
    "commandlineinterface": _cli,
}
