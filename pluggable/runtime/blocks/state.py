"""State: the application's keys in the stores, each under the prefix that its component asks for."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence

from ... import state
from ..._settings import parse_bool
from ...errors import ComponentError, ETagInvalidError, ETagMismatchError, UnsupportedError
from ...keyspace import NativeBulk
from ...metadata import NO_METADATA
from ..apart import apart
from ..components.catalog import Catalog, Loaded
from ..config import RuntimeConfig
from ..encryption import encryption_of
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
from .encrypted import decrypted, decrypting, encrypted
from .gathering import Gathering
from .keys import SEPARATOR, key_prefix
from .outbox import Announcing, Outbox
from .properties import property_of
from .publish import NO_TRACE_CONTEXT, Publishing, Trace
from .queries import query_request

logger: logging.Logger = logging.getLogger(__name__)

#: The property by which a component's gets are not gathered: ``false``.
GATHER_GETS = "gatherGets"
#: How long a store may take to say how long a transaction may be; daprd waits as long.
LIMIT_SECONDS = 5.0

JSON = "application/json"

Operation = state.SetRequest | state.DeleteRequest


class State:
    """The state stores by name."""

    def __init__(self, catalog: Catalog, config: RuntimeConfig, outbox: Outbox | None = None) -> None:
        self._catalog = catalog
        self._config = config
        self.outbox: Outbox = outbox or Outbox(Publishing(catalog, config), config)
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
            missing = StateStoreNotFoundError if self._catalog.state else StateStoreNotConfiguredError
            raise missing(name, self._config.app_id)
        store = self._stores.get(name)
        if store is None or store.loaded is not loaded:
            store = self._stores[name] = Store(name, loaded, self._config, self.outbox.of(loaded))
        return store


class Store:
    """One store as the application sees it: its keys without the prefix."""

    def __init__(
        self,
        name: str,
        loaded: Loaded[state.StateStore],
        config: RuntimeConfig,
        announcing: Announcing | None = None,
    ) -> None:
        self.name = name
        self.loaded = loaded
        self._component = loaded.component
        self._encryption = encryption_of(loaded.spec, loaded.properties)
        gets = _gets(loaded)
        self._get = gets if self._encryption is None else decrypting(self._encryption, gets)
        self._prefix = key_prefix(name, loaded.properties, config)
        self._announcing = announcing
        plain = self._encryption is None and announcing is None
        self.json_type: str | None = JSON if loaded.bundled and plain else None
        """
        What the store is told of values that came as JSON, so that it keeps them as text, as daprd's own do.

        Strangers hear of it from the application alone, as from a daprd.
        """
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
        if self._prefix is None:
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
            items = await self._component.bulk_get(requests, parallelism=parallelism)
        except ComponentError as error:
            raise StateBulkGetError(self.name, error) from error
        return items if self._encryption is None else await decrypted(self._encryption, items)

    async def save(self, requests: Sequence[state.SetRequest], *, as_json: bool = False) -> None:
        """
        Store the values, whose keys came from ``key``; a single one in a call of its own.

        ``as_json`` says that the values are JSON texts: what is encrypted is then what a string says.
        """
        if self._encryption is not None:
            requests = await encrypted(self._encryption, requests, as_json=as_json)
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
        self,
        operations: Sequence[Operation],
        metadata: Mapping[str, str] = NO_METADATA,
        *,
        as_json: bool = False,
        trace: Trace = NO_TRACE_CONTEXT,
    ) -> None:
        """
        Apply the operations, whose keys came from ``key``, together or not at all; see ``save``.

        Where the store has an outbox, what is stored is published too, by this trace.
        """
        component = self._transactional()
        if not operations:
            return
        limit = await self._transaction_limit(component)
        if limit is not None and len(operations) > limit:
            raise TooManyOperationsError(self.name, count=len(operations), limit=limit)
        if self._encryption is not None:
            operations = await encrypted(self._encryption, operations, as_json=as_json)
            as_json = False
        if self._announcing is not None:
            operations = await self._announcing.announce(operations, trace, as_json=as_json)
        try:
            await component.transact(operations, metadata)
        except ComponentError as error:
            if self._announcing is not None and isinstance(error, ETagMismatchError | ETagInvalidError):
                self._announcing.withdraw(operations)
            raise TransactionFailedError(self.name, error) from error

    async def query(
        self, text: str | bytes, metadata: Mapping[str, str] = NO_METADATA
    ) -> state.QueryResponse:
        """Return the rows that match a query in Dapr's JSON; their keys are still the store's."""
        if not isinstance(self._component, state.Queryable):
            raise QueryNotSupportedError(self.name)
        if self._encryption is not None:
            raise QueryFailedError(self.name, "cannot query encrypted store")
        request = await apart(len(text), query_request, self.name, text, metadata)
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


def _gets(
    loaded: Loaded[state.StateStore],
) -> Callable[[state.GetRequest], Awaitable[state.GetResponse | None]]:
    """Return what gets a value: gathered, if the store serves many in one go and that is not switched off."""
    store = loaded.component
    wanted = parse_bool(property_of(loaded.properties, GATHER_GETS) or "true")
    if wanted and isinstance(store, NativeBulk) and NativeBulk.feature in store.features:
        return Gathering(store).get
    return store.get
