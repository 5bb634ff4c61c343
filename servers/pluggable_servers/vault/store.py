"""
``secretstores.hashicorp.vault``: secrets in a key/value engine of HashiCorp Vault.

Source: components-contrib ``secretstores/hashicorp/vault``.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Final

from pluggable.about import About, Authentication
from pluggable.errors import NotFoundError
from pluggable.metadata import NO_METADATA, Metadata
from pluggable.secretstores import GetRequest, MultipleValues, SecretStore

from .engine import CONNECT_SECONDS, Engine
from .settings import Settings
from .values import fields_in, text_in

#: What a request may ask for beside a secret's name.
VERSION: Final = "version_id"
LATEST: Final = "0"
#: How many secrets are read at a time where all are asked for.
AT_A_TIME: Final = 8

logger = logging.getLogger(__name__)


class VaultSecretStore(SecretStore):
    """
    Secrets in a key/value engine of version 2.

    A secret has the values of its fields; with ``vaultValueType`` text, one value, their JSON. The metadata
    ``version_id`` asks for a version. The token in a file is read anew for each request.
    """

    about = About(
        settings=Settings,
        title="HashiCorp Vault",
        description="Secrets in a key/value engine, version 2, of HashiCorp Vault.",
        url="https://docs.dapr.io/reference/components-reference/supported-secret-stores/hashicorp-vault/",
        authentication=(
            Authentication(
                title="Token",
                description="Authenticate with a token that stands in the YAML.",
                properties=("vaultToken",),
            ),
            Authentication(
                title="Token in a file",
                description="Authenticate with a token in a file that somebody keeps up to date.",
                properties=("vaultTokenMountPath",),
            ),
        ),
    )

    _engine: Engine
    _as_text: bool = False

    async def init(self, metadata: Metadata) -> None:
        settings = metadata.parse(Settings)
        self._as_text = settings.vault_value_type == "text"
        token = settings.token()
        await token.open()
        context = await asyncio.to_thread(settings.tls)
        if settings.skip_verify == "true":
            logger.warning("skipVerify is true: whoever answers at vaultAddr is taken for Vault")
        import aiohttp  # heavy: only who has such a component pays for it

        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=context),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
        )
        self._engine = Engine(settings, token, session)

    async def ping(self) -> None:
        await self._engine.healthy()

    async def close(self) -> None:
        await self._engine.close()

    @property
    def features(self) -> tuple[str, ...]:
        return () if self._as_text else (MultipleValues.feature,)

    async def get(self, request: GetRequest) -> Mapping[str, str]:
        version = request.metadata.get(VERSION) or LATEST
        values = await self._values(request.key, version)
        if values is None:
            which = "" if version == LATEST else f" in version {version}"
            raise NotFoundError(f'secret "{request.key}" does not exist{which}')
        return values

    async def bulk_get(self, metadata: Mapping[str, str] = NO_METADATA) -> Mapping[str, Mapping[str, str]]:
        """Return all secrets below the prefix by their paths; without those that lack the version."""
        names = await self._engine.names()
        return await self._all(names, metadata.get(VERSION) or LATEST)

    async def _values(self, name: str, version: str) -> Mapping[str, str] | None:
        text = await self._engine.read(name, version)
        if text is None:
            return None
        return {name: text_in(text)} if self._as_text else fields_in(text)

    async def _all(self, names: Sequence[str], version: str) -> dict[str, Mapping[str, str]]:
        """Return these secrets, some read at a time; the first failure is that of all."""
        found: dict[str, Mapping[str, str]] = {}
        left = iter(names)

        async def read() -> None:
            for name in left:
                if (values := await self._values(name, version)) is not None:
                    found[name] = values

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(AT_A_TIME, len(names))):
                    group.create_task(read())
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None
        return {name: found[name] for name in names if name in found}
