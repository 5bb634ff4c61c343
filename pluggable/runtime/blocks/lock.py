"""Locks: the application's names in the lock stores, each under the prefix that its component asks for."""

from __future__ import annotations

from collections.abc import Mapping

from ... import lock
from ...errors import ComponentError
from ..components.catalog import Catalog, Loaded
from ..config import RuntimeConfig
from ..errors.lock import (
    LockRequestError,
    LockStoreNotFoundError,
    LockStoresNotConfiguredError,
    TryLockError,
    UnlockError,
)

SEPARATOR = "||"
#: What all keys of locks begin with, whatever the strategy.
API = "lock"


class Locks:
    """The lock stores by name."""

    def __init__(self, catalog: Catalog, config: RuntimeConfig) -> None:
        self._catalog = catalog
        self._app_id = config.app_id

    async def try_lock(self, store: str, resource: str, owner: str, seconds: int) -> bool:
        """
        Take a lock if it is free, and return whether it was.

        Raises:
            LockError: there is no such store, the request lacks something, or the store failed.
        """
        if seconds <= 0:
            raise LockRequestError(store, "ExpiryInSeconds is not positive")
        loaded = self._store(store, resource, owner)
        try:
            key = lock_key(resource, store, loaded.properties, self._app_id)
            request = lock.TryLockRequest(resource=key, owner=owner, expiry_seconds=seconds)
            return await loaded.component.try_lock(request)
        except (ComponentError, ValueError) as error:
            raise TryLockError(str(error)) from error

    async def unlock(self, store: str, resource: str, owner: str) -> lock.UnlockStatus:
        """
        Give a lock back, and return what came of it.

        Raises:
            LockError: there is no such store, the request lacks something, or the store failed.
        """
        loaded = self._store(store, resource, owner)
        try:
            key = lock_key(resource, store, loaded.properties, self._app_id)
            return await loaded.component.unlock(lock.UnlockRequest(resource=key, owner=owner))
        except (ComponentError, ValueError) as error:
            raise UnlockError(str(error)) from error

    def _store(self, name: str, resource: str, owner: str) -> Loaded[lock.LockStore]:
        """Return the store; what is wrong is told in daprd's order."""
        if not self._catalog.lock:
            raise LockStoresNotConfiguredError
        if not resource:
            raise LockRequestError(name, "ResourceId is empty")
        if not owner:
            raise LockRequestError(name, "LockOwner is empty")
        loaded = self._catalog.lock.get(name)
        if loaded is None:
            raise LockStoreNotFoundError(name)
        return loaded


def lock_key(resource: str, store: str, properties: Mapping[str, str], app_id: str) -> str:
    """
    Return the key under which a store keeps a lock.

    Source: dapr/dapr ``pkg/components/lock/lock_config.go``.

    Raises:
        ValueError: the name, or the component's prefix, contains the separator.
    """
    # one that is set to nothing is another prefix than none set
    set_to = (value.lower() for name, value in properties.items() if name.lower() == "keyprefix")
    strategy = next(set_to, "appid")
    for part in (resource, strategy):
        if SEPARATOR in part:
            raise ValueError(f"input key/keyPrefix '{part}' can't contain '{SEPARATOR}'")
    match strategy:
        case "none":
            return SEPARATOR.join((API, resource))
        case "appid":
            return SEPARATOR.join((API, app_id, resource))
        case "name":
            return SEPARATOR.join((API, store, resource))
    return SEPARATOR.join((API, strategy, resource))
