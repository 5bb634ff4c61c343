"""HashiCorp Vault: a double of its API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from tests.backends.vault import TOKEN, Vault

from .case import Case, Suite, Surroundings
from .local import SECRETS


@asynccontextmanager
async def engine(_folder: Path) -> AsyncIterator[Surroundings]:
    """A Vault with the secrets that upstream's suite asks for."""
    with Vault().running() as vault:
        for name, value in SECRETS.items():
            vault.put(f"dapr/{name}", **{name: value})
        yield Surroundings(properties={"vaultAddr": vault.url, "vaultToken": TOKEN})


CASES: Final = (Case(type="secretstores.hashicorp.vault", around=engine, suites={"": Suite()}),)
