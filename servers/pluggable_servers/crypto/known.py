"""Keys that need not be parsed again while what they are read from says the same."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Final

from pluggable.errors import InvalidRequestError

from .key import VaultKey

#: How many are kept.
MOST_KNOWN: Final = 256


class KnownKeys:
    """Parses keys; one that is known is not parsed again, as checking one of RSA takes long."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[bytes, VaultKey]] = {}

    async def read(self, name: str, data: bytes, suffix: str) -> VaultKey:
        """
        Return the key that this is; ``suffix`` is what a file with it would have.

        Raises:
            InvalidRequestError: it is none.
        """
        digest = hashlib.sha256(suffix.encode() + b"\0" + data).digest()
        before, key = self._known.get(name, (b"", None))
        if key is not None and digest == before:
            return key
        try:
            key = await asyncio.to_thread(VaultKey.read, data, suffix)
        except ValueError as error:
            raise InvalidRequestError(f"failed to parse key '{name}': {error}") from error
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        self._known[name] = (digest, key)
        return key
