"""State: the application's keys in the stores, each under the prefix that its component asks for."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from ... import state
from ..._settings import parse_bool
from ...errors import ComponentError, UnsupportedError
from ...keyspace import NativeBulk
from ...metadata import NO_METADATA
from ..catalog import Catalog, Loaded
from ..config import RuntimeConfig
from ..errors import (
    IllegalKeyError,
    MissingKeyError,
    QueryFailedError,
    QueryNotSupportedError,
    StateBulkDeleteError,
    StateBulkGetError,
    StateDeleteError,
    StateGetError,
    StateSaveError,
    StateStoreNotConfiguredError,
    StateStoreNotFoundError,
    TooManyOperationsError,
    TransactionFailedError,
    TransactionsNotSupportedError,
)
from .gathering import Gathering
from .properties import property_of

logger: logging.Logger = logging.getLogger(__name__)

SEPARATOR = "||"
#: The property by which a component's gets are not gathered: ``false``.
GATHER_GETS = "gatherGets"
#: How long a store may take to say how long a transaction may be; daprd waits as long.
LIMIT_SECONDS = 5.0

Operation = state.SetRequest | state.DeleteRequest


class State:
    """The state stores by name."""

    def __init__(self, catalog: Catalog, config: RuntimeConfig) -> None:
        self._catalog = catalog
        self._config = config
        self._stores: dict[str, Store] = {}

    def store(self, name: str) -> Store:
        """
        Return the store of this name.

        Raises:
            StateStoreNotConfiguredError: there is none at all.
            StateStoreNotFoundError: there are others.
        """
        loaded = self._catalog.state.get(name)
        if loaded is None:
            self._stores.pop(name, None)
            raise StateStoreNotFoundError(name) if self._catalog.state else StateStoreNotConfiguredError(name)
        store = self._stores.get(name)
        if store is None or store.loaded is not loaded:
            store = self._stores[name] = Store(name, loaded, self._config)
        return store


class Store:
    """One store as the application sees it: its keys without the prefix."""

    def __init__(self, name: str, loaded: Loaded[state.StateStore], config: RuntimeConfig) -> None:
        self.name = name
        self.loaded = loaded
        self._component = loaded.component
        self._get = _gets(loaded)
        self._prefix = key_prefix(name, loaded.properties, config)
        self._limit: int | None = None
        self._limit_known = False

    def key(self, key: str) -> str:
        """
        Return the key under which the store keeps it.

        Raises:
            MissingKeyError: the key is empty.
            IllegalKeyError: the key, or the component's prefix, contains the separator.
        """
        if not key:
            raise MissingKeyError
        if SEPARATOR in key:
            raise IllegalKeyError(self.name, key)
        if not self._prefix:
            return key
        if SEPARATOR in self._prefix:
            raise IllegalKeyError(self.name, self._prefix)
        return f"{self._prefix}{SEPARATOR}{key}"

    async def get(
        self,
        key: str,
        *,
        consistency: state.Consistency = state.Consistency.UNSPECIFIED,
        metadata: Mapping[str, str] = NO_METADATA,
    ) -> state.GetResponse | None:
        """Return the value, or ``None`` if there is no such key."""
        request = state.GetRequest(key=self.key(key), consistency=consistency, metadata=metadata)
        try:
            return await self._get(request)
        except ComponentError as error:
            raise StateGetError(self.name, key, error) from error

    async def bulk_get(
        self, keys: Sequence[str], *, parallelism: int = 0, metadata: Mapping[str, str] = NO_METADATA
    ) -> list[state.BulkGetItem]:
        """Return an item for every key, in order; its key is still the store's, see ``original_key``."""
        requests = [state.GetRequest(key=self.key(key), metadata=metadata) for key in keys]
        if not requests:
            return []
        try:
            return await self._component.bulk_get(requests, parallelism=parallelism)
        except ComponentError as error:
            raise StateBulkGetError(self.name, error) from error

    async def save(self, requests: Sequence[state.SetRequest]) -> None:
        """Store the values, whose keys came from ``key``; a single one in a call of its own."""
        try:
            if len(requests) == 1:
                await self._component.set(requests[0])
            elif requests:
                await self._component.bulk_set(requests)
        except ComponentError as error:
            raise StateSaveError(self.name, error) from error

    async def delete(
        self,
        key: str,
        *,
        etag: str | None = None,
        concurrency: state.Concurrency = state.Concurrency.UNSPECIFIED,
        consistency: state.Consistency = state.Consistency.UNSPECIFIED,
        metadata: Mapping[str, str] = NO_METADATA,
    ) -> None:
        """Remove one value."""
        request = state.DeleteRequest(
            key=self.key(key), etag=etag, concurrency=concurrency, consistency=consistency, metadata=metadata
        )
        try:
            await self._component.delete(request)
        except ComponentError as error:
            raise StateDeleteError(self.name, key, error) from error

    async def bulk_delete(self, requests: Sequence[state.DeleteRequest]) -> None:
        """Remove the values, whose keys came from ``key``; a single one in a call of its own."""
        try:
            if len(requests) == 1:
                await self._component.delete(requests[0])
            elif requests:
                await self._component.bulk_delete(requests)
        except ComponentError as error:
            raise StateBulkDeleteError(self.name, error) from error

    def check_transactional(self) -> None:
        """
        Return if the store has transactions.

        Raises:
            TransactionsNotSupportedError: it has none.
        """
        self._transactional()

    async def transact(
        self, operations: Sequence[Operation], metadata: Mapping[str, str] = NO_METADATA
    ) -> None:
        """Apply the operations, whose keys came from ``key``, together or not at all."""
        component = self._transactional()
        if not operations:
            return
        limit = await self._transaction_limit(component)
        if limit is not None and len(operations) > limit:
            raise TooManyOperationsError(self.name, count=len(operations), limit=limit)
        try:
            await component.transact(operations, metadata)
        except ComponentError as error:
            raise TransactionFailedError(self.name, error) from error

    async def query(
        self, text: str | bytes, metadata: Mapping[str, str] = NO_METADATA
    ) -> state.QueryResponse:
        """Return the rows that match a query in Dapr's JSON; their keys are still the store's."""
        if not isinstance(self._component, state.Queryable):
            raise QueryNotSupportedError(self.name)
        request = self._query_request(text, metadata)
        try:
            return await self._component.query(request)
        except UnsupportedError as error:
            raise QueryNotSupportedError(self.name) from error
        except ComponentError as error:
            raise QueryFailedError(self.name, str(error), error) from error

    def _transactional(self) -> state.Transactional:
        component = self._component
        if isinstance(component, state.Transactional) and "TRANSACTIONAL" in component.features:
            return component
        raise TransactionsNotSupportedError(self.name)

    async def _transaction_limit(self, component: state.Transactional) -> int | None:
        if not self._limit_known:
            limit: int | None = None
            try:
                async with asyncio.timeout(LIMIT_SECONDS):
                    limit = await component.transaction_limit()
            except UnsupportedError:
                pass
            except (ComponentError, TimeoutError) as error:
                logger.warning(
                    "%s does not say how long a transaction may be, any length is let through: %r",
                    self.loaded.spec,
                    error,
                )
            self._limit = limit if limit is not None and limit > 0 else None
            self._limit_known = True
        return self._limit

    def _query_request(self, text: str | bytes, metadata: Mapping[str, str]) -> state.QueryRequest:
        try:
            query = json.loads(text)
            page = query.get("page") or {}
            return state.QueryRequest(
                filter=_mapping(query.get("filter") or {}),
                sort=[_sort(item) for item in query.get("sort") or ()],
                limit=int(page.get("limit") or 0),
                token=str(page.get("token") or ""),
                metadata=metadata,
            )
        except (ValueError, TypeError, AttributeError, KeyError, OverflowError, RecursionError) as error:
            raise QueryFailedError(self.name, f"failed to parse JSON query body: {error}") from error


def _gets(
    loaded: Loaded[state.StateStore],
) -> Callable[[state.GetRequest], Awaitable[state.GetResponse | None]]:
    """Return what gets a value: gathered, if the store serves many in one go and that is not switched off."""
    store = loaded.component
    wanted = parse_bool(property_of(loaded.properties, GATHER_GETS) or "true")
    if wanted and isinstance(store, NativeBulk) and NativeBulk.feature in store.features:
        return Gathering(store).get
    return store.get


def key_prefix(name: str, properties: Mapping[str, str], config: RuntimeConfig) -> str:
    """
    Return what stands before the separator in this store's keys, empty for bare keys.

    Source: dapr/dapr ``pkg/components/state/state_config.go``.
    """
    strategy = property_of(properties, "keyPrefix").lower()
    match strategy:
        case "" | "appid":
            return config.app_id
        case "name":
            return name
        case "namespace":
            return (
                f"{config.namespace}.{config.app_id}" if config.namespace and config.app_id else config.app_id
            )
        case "none":
            return ""
    return strategy


def original_key(key: str) -> str:
    """Return the application's key for a store's: the second of the parts, where there are several."""
    parts = key.split(SEPARATOR, 2)
    return parts[1] if len(parts) > 1 else key


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise TypeError(f"filter is {type(value).__name__}, an object is wanted")
    return value


def _sort(item: Any) -> tuple[str, state.SortOrder]:
    descending = str(item.get("order") or "").upper() == "DESC"
    return str(item["key"]), state.SortOrder.DESC if descending else state.SortOrder.ASC
