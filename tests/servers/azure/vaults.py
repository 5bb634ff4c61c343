"""Stores in front of a double of Key Vault, whose process believes it to be Azure."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from pluggable import Metadata
from pluggable_servers.azure.keyvault import KeyVaultSecretStore
from tests.backends.keyvault import APPLICATION, SECRET, TENANT

#: The variables by which Microsoft's library finds out where it runs.
SURROUNDINGS: Final = (
    *("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_FEDERATED_TOKEN_FILE", "AZURE_AUTHORITY_HOST"),
    *("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "IMDS_ENDPOINT", "MSI_ENDPOINT", "MSI_SECRET"),
    *("HTTP_PROXY", "http_proxy", "https_proxy", "no_proxy"),
)
NAMED: Final = {"azureTenantId": TENANT, "azureClientId": APPLICATION}
PROVED: Final = {**NAMED, "azureClientSecret": SECRET}


@asynccontextmanager
async def opened(**properties: str) -> AsyncIterator[KeyVaultSecretStore]:
    """A store of the vault ``orders`` that has been initialised."""
    found = KeyVaultSecretStore()
    await found.init(Metadata({"vaultName": "orders", **properties}))
    try:
        yield found
    finally:
        await found.close()
