"""
``secretstores.azure.keyvault``: secrets of Azure Key Vault.

Facts: components-contrib ``secretstores/azure/keyvault/keyvault.go``.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from pluggable.about import About
from pluggable.errors import InitError, InvalidRequestError, NotFoundError
from pluggable.metadata import NO_METADATA, Metadata, setting
from pluggable.secretstores import GetRequest, SecretStore

from .entra import AUTHENTICATION, CLOUDS, Cloud, EntraSettings, cloud_named
from .vault import VERSION, Vault

#: What a request for all secrets may have in its metadata.
MOST: Final = "maxresults"
#: How many secrets are read at a time where all are asked for.
AT_A_TIME: Final = 8
_NAME: Final = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyVaultSettings(EntraSettings):
    """The properties of ``secretstores.azure.keyvault``."""

    vault_name: str = setting(
        description="The vault; its whole host, such as orders.vault.azure.cn, also says in which cloud.",
        example="orders",
    )

    def __post_init__(self) -> None:
        faults = self.entra_faults()
        if not _NAME.fullmatch(self._name):
            faults.append(f'vaultName is "{self.vault_name}", wanted the name of a vault, not its address')
        if faults:
            raise ValueError("; ".join(faults))

    @property
    def url(self) -> str:
        """Where the vault is."""
        return f"https://{self._name}.{self.cloud.vaults}"

    @property
    def cloud(self) -> Cloud:
        """The cloud that the vault's host is in, else the one that ``azureEnvironment`` names."""
        return self._of_host or cloud_named(self.azure_environment) or CLOUDS[0]

    @property
    def _of_host(self) -> Cloud | None:
        host = self.vault_name.removesuffix("/")
        return next((cloud for cloud in CLOUDS if host.endswith(f".{cloud.vaults}")), None)

    @property
    def _name(self) -> str:
        """The vault's name alone."""
        if (cloud := self._of_host) is None:
            return self.vault_name
        return self.vault_name.removeprefix("https://").removesuffix("/").removesuffix(f".{cloud.vaults}")


class KeyVaultSecretStore(SecretStore):
    """
    Secrets of one vault, each with one value, under its own name.

    The metadata ``version_id`` asks for a version of a secret. Where all are asked for, those that are
    enabled are read, in their latest versions; ``maxresults`` ends that with the page that brings so many.
    """

    about = About(
        settings=KeyVaultSettings,
        title="Azure Key Vault",
        description="Secrets of Azure Key Vault.",
        url="https://docs.dapr.io/reference/components-reference/supported-secret-stores/azure-keyvault/",
        authentication=AUTHENTICATION,
    )

    def __init__(self) -> None:
        self._vault: Vault | None = None

    async def init(self, metadata: Metadata) -> None:
        settings = metadata.parse(KeyVaultSettings)
        self._vault = await Vault.open(settings.url, settings)

    async def close(self) -> None:
        if self._vault is not None:
            await self._vault.close()

    async def ping(self) -> None:
        await self._initialised().answers()

    async def get(self, request: GetRequest) -> Mapping[str, str]:
        value = await self._initialised().read(request.key, request.metadata.get(VERSION, ""))
        return {request.key: value}

    async def bulk_get(self, metadata: Mapping[str, str] = NO_METADATA) -> Mapping[str, Mapping[str, str]]:
        most = _most(metadata)
        found: dict[str, Mapping[str, str]] = {}
        async for names in self._initialised().pages():
            found |= await self._values(names)
            if 0 < most <= len(found):
                break
        return found

    async def _values(self, names: Sequence[str]) -> dict[str, Mapping[str, str]]:
        """Return these secrets, some read at a time; without those deleted since they were listed."""
        found: dict[str, Mapping[str, str]] = {}
        left = iter(names)

        async def read() -> None:
            for name in left:
                with suppress(NotFoundError):
                    found[name] = {name: await self._initialised().read(name)}

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(AT_A_TIME, len(names))):
                    group.create_task(read())
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None
        return {name: found[name] for name in names if name in found}

    def _initialised(self) -> Vault:
        if self._vault is None:
            raise InitError("secretstores.azure.keyvault was not initialised: await init first")
        return self._vault


def _most(metadata: Mapping[str, str]) -> int:
    """Return after how many secrets no further page is wanted; 0 for all."""
    text = metadata.get(MOST, "")
    try:
        return max(int(text), 0) if text else 0
    except ValueError:
        raise InvalidRequestError(f'{MOST} is "{text}", wanted a number') from None
