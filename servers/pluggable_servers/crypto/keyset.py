"""A set of JSON Web Keys (RFC 7517), written in place or in a file."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pluggable.errors import InitError

from .key import VaultKey

Keys = Mapping[str, VaultKey]
#: No set is longer.
MOST_BYTES: Final = 4 * 1024 * 1024

logger = logging.getLogger(__name__)


class KeySet(ABC):
    """The keys by their ids, as they are at the moment."""

    @abstractmethod
    async def open(self) -> None:
        """
        Read the set for the first time.

        Raises:
            InitError: there is none.
        """

    @abstractmethod
    async def get(self, name: str) -> VaultKey | None:
        """Return the key with this id, if the set has it."""

    async def close(self) -> None:
        """Stop reading."""


class WrittenSet(KeySet):
    """A set that stands in the component's YAML, as JSON or as that in base64."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._keys: Keys = {}

    async def open(self) -> None:
        try:
            self._keys = await asyncio.to_thread(read_set, _decoded(self._text))
        except ValueError as error:
            raise InitError(
                "jwks is no set of keys: not an address, the path of a file, or JSON "
                f"(optionally base64-encoded): {error}"
            ) from None  # what it quotes may be a key

    async def get(self, name: str) -> VaultKey | None:
        return self._keys.get(name)


class FileSet(KeySet):
    """A set in a file, read again when the file is another; one that cannot be read changes nothing."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._keys: Keys = {}
        self._seen: tuple[int, ...] = ()
        self._reading = asyncio.Lock()

    async def open(self) -> None:
        try:
            await asyncio.to_thread(self._read)
        except (OSError, ValueError) as error:
            raise InitError(f"jwks names the file {self._path}, which is no set of keys: {error}") from error

    async def get(self, name: str) -> VaultKey | None:
        async with self._reading:
            try:
                await asyncio.to_thread(self._read)
            except (OSError, ValueError) as error:
                logger.warning("the keys in %s stay as they were: %s", self._path, error)
        return self._keys.get(name)

    def _read(self) -> None:
        """Read the file if it has changed; a faulty one counts as read, or each use would tell."""
        now = self._path.stat()
        seen = (now.st_mtime_ns, now.st_size, now.st_ino)
        if seen != self._seen:
            self._seen = seen
            self._keys = read_set(self._path.read_bytes())


def read_set(data: bytes) -> dict[str, VaultKey]:
    """
    Return the keys of a set by their ids; a key by itself is a set of one, and keys without id are none's.

    A key of a kind that is not known is left out, as RFC 7517 has it in section 5.

    Raises:
        ValueError: it is no set.
    """
    if len(data) > MOST_BYTES:
        raise ValueError(f"it is longer than {MOST_BYTES} bytes")
    try:
        told = json.loads(data)
    except (ValueError, RecursionError):
        raise ValueError("it is no JSON") from None
    members = told.get("keys", [told]) if isinstance(told, dict) else None
    if not isinstance(members, list) or not all(isinstance(each, dict) for each in members):
        raise ValueError('it has no "keys", an array of objects')
    return dict(_named(members))


def _named(members: list[dict[str, Any]]) -> list[tuple[str, VaultKey]]:
    found = []
    for each in members:
        name = each.get("kid")
        try:
            key = VaultKey.of(each)
        except ValueError as error:
            logger.warning('the key "%s" is left out: %s', name, error)
            continue
        if isinstance(name, str):
            found.append((name, key))
    return found


def _decoded(text: str) -> bytes:
    trimmed = text.strip().rstrip("=")
    try:
        return base64.b64decode(trimmed + "=" * (-len(trimmed) % 4), validate=True)
    except (binascii.Error, ValueError):
        return text.encode()
