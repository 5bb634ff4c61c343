"""Cryptography: which vault of keys is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..components.catalog import Catalog
from ..errors.crypto import (
    CryptoProviderNotFoundError,
    CryptoProvidersNotConfiguredError,
    CryptoRequestError,
)

if TYPE_CHECKING:
    from .vault import Vault


class Crypto:
    """The vaults of keys by name."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def vault(self, name: str) -> Vault:
        """
        Return the vault of this name.

        Raises:
            CryptoError: there is none.
            CryptoRequestError: the name is empty.
        """
        if not self._catalog.crypto:
            raise CryptoProvidersNotConfiguredError
        if not name:
            raise CryptoRequestError("missing component name")
        loaded = self._catalog.crypto.get(name)
        if loaded is None:
            raise CryptoProviderNotFoundError(name)
        from .vault import Vault  # with the library, which a sidecar without vaults never loads

        return Vault(loaded.component)
