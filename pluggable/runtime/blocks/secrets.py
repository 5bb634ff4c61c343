"""Secrets: what the stores hold, as far as the configuration lets the application see it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping

from ... import secretstores
from ...errors import ComponentError
from ...metadata import NO_METADATA
from ..components.catalog import Catalog
from ..errors import (
    BulkSecretGetError,
    SecretDeniedError,
    SecretGetError,
    SecretStoreNotFoundError,
    SecretStoresNotConfiguredError,
)
from ..resources import SecretScope

logger: logging.Logger = logging.getLogger(__name__)


class Secrets:
    """The secret stores by name, behind their scopes."""

    def __init__(self, catalog: Catalog, scopes: Iterable[SecretScope] = ()) -> None:
        self._catalog = catalog
        self._scopes = {scope.store: scope for scope in scopes}

    async def get(self, store: str, key: str, metadata: Mapping[str, str] = NO_METADATA) -> Mapping[str, str]:
        """
        Return the values of one secret.

        Raises:
            SecretDeniedError: a scope keeps it from the application, whether it exists or not.
            SecretGetError: the store has no such secret, or failed.
        """
        component = self._store(store)
        scope = self._scopes.get(store)
        if scope is not None and not scope.allows(key):
            raise SecretDeniedError(store, key)
        try:
            return await component.get(secretstores.GetRequest(key=key, metadata=metadata))
        except ComponentError as error:
            raise SecretGetError(store, key, error) from error

    async def bulk_get(
        self, store: str, metadata: Mapping[str, str] = NO_METADATA
    ) -> Mapping[str, Mapping[str, str]]:
        """
        Return all secrets of the store that the application may see, by name.

        Raises:
            BulkSecretGetError: the store failed.
        """
        component = self._store(store)
        try:
            found = await component.bulk_get(metadata)
        except ComponentError as error:
            raise BulkSecretGetError(store, error) from error
        scope = self._scopes.get(store)
        if scope is None:
            return found
        return {name: values for name, values in found.items() if scope.allows(name)}

    def warn_of_missing(self) -> None:
        """Log which scopes are about a store that is not loaded: perhaps its name is misspelt."""
        for name in self._scopes.keys() - self._catalog.secretstores.keys():
            logger.warning(
                'spec.secrets.scopes names the secret store "%s", which is not loaded; there are: %s',
                name,
                ", ".join(self._catalog.secretstores) or "none",
            )

    def _store(self, name: str) -> secretstores.SecretStore:
        loaded = self._catalog.secretstores.get(name)
        if loaded is None:
            raise (
                SecretStoreNotFoundError(name)
                if self._catalog.secretstores
                else SecretStoresNotConfiguredError
            )
        return loaded.component
