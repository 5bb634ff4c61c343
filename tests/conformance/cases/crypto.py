"""Vaults of keys: in a folder, and in a set of JSON Web Keys."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from tests.servers.vaults import KEYS, key_set, write_keys

from .case import Case, Surroundings


@asynccontextmanager
async def folder_of_keys(folder: Path) -> AsyncIterator[Surroundings]:
    """A folder with a file a key."""
    write_keys(folder)
    yield Surroundings(properties={"path": str(folder)}, keys=KEYS)


@asynccontextmanager
async def set_of_keys(_folder: Path) -> AsyncIterator[Surroundings]:
    """A key set that stands in the YAML."""
    yield Surroundings(properties={"jwks": key_set()}, keys=KEYS)


CASES: Final = (
    Case(type="crypto.dapr.localstorage", around=folder_of_keys),
    Case(type="crypto.dapr.jwks", around=set_of_keys),
)
