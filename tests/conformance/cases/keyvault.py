"""Azure Key Vault: a double."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from tests.backends.keyvault import APPLICATION, SECRET, TENANT, KeyVault

from .case import Case, Suite, Surroundings
from .local import SECRETS


@asynccontextmanager
async def vault(folder: Path) -> AsyncIterator[Surroundings]:
    """A vault with the secrets that upstream's suite asks for."""
    with KeyVault(folder).running() as azure:
        for name, value in SECRETS.items():
            azure.put("conformance", name, value)
        properties = {
            "vaultName": "conformance",
            "azureTenantId": TENANT,
            "azureClientId": APPLICATION,
            "azureClientSecret": SECRET,
        }
        yield Surroundings(properties=properties, environment=azure.environment)


CASES: Final = (Case(type="secretstores.azure.keyvault", around=vault, suites={"": Suite()}),)
