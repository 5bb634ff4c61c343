"""
``crypto.dapr.localstorage``: keys in the files of a folder.

Source: components-contrib ``crypto/localstorage``.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pluggable.about import About
from pluggable.errors import InitError, InvalidRequestError, NotFoundError
from pluggable.metadata import Metadata, setting

from .key import VaultKey
from .known import KnownKeys
from .vault import LocalVault

#: No key is longer.
MOST_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What the YAML says."""

    path: str = setting(
        description="The folder with the keys: files in PEM, JSON Web Keys, "
        "or symmetric keys, raw or in base64.",
        example="/var/run/keys",
    )


class LocalStorageVault(LocalVault):
    """Keys named by their files in one folder, each read whenever it is used."""

    about = About(
        settings=Settings,
        title="Local storage",
        description="Keys in the files of a folder.",
        url="https://docs.dapr.io/reference/components-reference/supported-cryptography/local-storage/",
    )

    _folder: Path

    def __init__(self) -> None:
        self._known = KnownKeys()

    async def init(self, metadata: Metadata) -> None:
        self._folder = Path(metadata.parse(Settings).path)
        if not await asyncio.to_thread(self._folder.is_dir):
            raise InitError(f"path is {self._folder}, wanted a folder that is there")

    async def _key(self, name: str) -> VaultKey:
        # links are followed, which are the folder's owner's; it is the caller who must not lead out of it
        if ".." in name or "\0" in name:
            raise InvalidRequestError("invalid key path: cannot contain '..'")
        path = self._folder / name.lstrip("/")
        return await self._known.read(name, await asyncio.to_thread(_content, path, name), path.suffix)


def _content(path: Path, name: str) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        raise NotFoundError(f"failed to load key '{name}': {_reason(error)}") from error
    except OSError as error:
        raise InvalidRequestError(f"failed to load key '{name}': {_reason(error)}") from error
    if len(data) > MOST_BYTES:
        raise InvalidRequestError(f"failed to parse key '{name}': it is longer than {MOST_BYTES} bytes")
    return data


def _reason(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno else str(error)
