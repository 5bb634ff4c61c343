"""
``crypto.dapr.jwks``: keys of a set of JSON Web Keys.

Source: components-contrib ``crypto/jwks``.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from pluggable.about import About
from pluggable.errors import NotFoundError
from pluggable.metadata import Metadata, setting

from .fetched import FetchedSet
from .key import VaultKey
from .keyset import FileSet, KeySet, WrittenSet
from .vault import LocalVault

REQUEST_TIMEOUT: Final = timedelta(seconds=30)
REFRESH_INTERVAL: Final = timedelta(minutes=10)
#: What is shorter is taken for none, as daprd takes it.
SHORTEST_TIMEOUT: Final = timedelta(milliseconds=1)
SHORTEST_INTERVAL: Final = timedelta(seconds=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What the YAML says."""

    jwks: str = setting(
        secret=True,
        description="The set of keys: an address, the path of a file, or JSON, which may be in base64.",
        example="https://login.example.com/keys.json",
    )
    request_timeout: timedelta = setting(  # noqa: RUF009  frozen
        default=REQUEST_TIMEOUT, description="How long fetching the set may take."
    )
    min_refresh_interval: timedelta = setting(  # noqa: RUF009  frozen
        default=REFRESH_INTERVAL, description="How long a fetched set is good before it is fetched again."
    )


class JWKSVault(LocalVault):
    """Keys named by their ids in a set, which is read again when its file changes, or fetched again."""

    about = About(
        settings=Settings,
        title="JWKS",
        description="Keys of a set of JSON Web Keys.",
        url="https://docs.dapr.io/reference/components-reference/supported-cryptography/json-web-key-sets/",
    )

    _keys: KeySet

    async def init(self, metadata: Metadata) -> None:
        settings = metadata.parse(Settings)
        self._keys = await asyncio.to_thread(_key_set, settings)
        await self._keys.open()

    async def close(self) -> None:
        await self._keys.close()

    async def _key(self, name: str) -> VaultKey:
        key = await self._keys.get(name)
        if key is None:
            raise NotFoundError(f'key not found: the set has none with the id "{name}"')
        return key


def _key_set(settings: Settings) -> KeySet:
    """Return the set that the settings mean."""
    where = settings.jwks
    if where.startswith(("https://", "http://")):
        timeout, interval = settings.request_timeout, settings.min_refresh_interval
        return FetchedSet(
            where,
            timeout=timeout if timeout >= SHORTEST_TIMEOUT else REQUEST_TIMEOUT,
            interval=interval if interval >= SHORTEST_INTERVAL else REFRESH_INTERVAL,
        )
    if "\0" not in where and os.path.isfile(where):
        return FileSet(Path(where))
    return WrittenSet(where)
