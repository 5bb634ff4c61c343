"""A state store on an SQL server: what is the same for each of them."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from operator import attrgetter

from pluggable import state
from pluggable.errors import ComponentError, InitError, TimedOutError, UnavailableError
from pluggable.keyspace import NativeBulk
from pluggable.metadata import NO_METADATA

from .pool import Pool
from .sharing import SharedReads
from .values import Found

logger = logging.getLogger(__name__)

_key = attrgetter("key")

Write = state.SetRequest | state.DeleteRequest


class Tables(ABC):
    """A store's tables on a server, made within a running loop. What is answered has been committed."""

    def __init__(self, server: Pool) -> None:
        self.server = server
        self.shared = SharedReads(self.read, server)

    @abstractmethod
    async def read(self, keys: Sequence[str]) -> dict[str, Found]:
        """Return what is stored under the keys, in no order; those without a value may be left out."""

    @abstractmethod
    async def write(self, operations: Sequence[Write]) -> None:
        """Apply the operations in order, all or none of them."""

    @abstractmethod
    async def put(self, requests: Sequence[state.SetRequest]) -> None:
        """Store values whatever is there, all or none of them; each key comes once, in order."""

    @abstractmethod
    async def clean_up(self, interval: float) -> int:
        """Remove what has expired, unless another process did within the interval; gives how many rows."""


class SQLStateStore(state.StateStore, state.ETagged, state.Transactional, state.Expiring, NativeBulk):
    """Keys and values in one table; subclasses open it."""

    def __init__(self) -> None:
        self._opened: Tables | None = None
        self._cleaning: asyncio.Task[None] | None = None

    async def close(self) -> None:
        if self._cleaning is not None:
            self._cleaning.cancel()
            await asyncio.wait([self._cleaning])
        if self._opened is not None:
            await self._opened.server.close()
            await self._opened.shared.close()

    async def ping(self) -> None:
        await self._tables.read([""])

    async def get(self, request: state.GetRequest) -> state.GetResponse | None:
        found = (await self._tables.shared.read((request.key,))).get(request.key)
        if isinstance(found, ComponentError):
            raise found
        return found

    async def set(self, request: state.SetRequest) -> None:
        await self._tables.write((request,))

    async def delete(self, request: state.DeleteRequest) -> None:
        await self._tables.write((request,))

    async def bulk_get(
        self, requests: Sequence[state.GetRequest], *, parallelism: int = 0
    ) -> list[state.BulkGetItem]:
        if not requests:
            return []
        found = await self._tables.shared.read([request.key for request in requests])
        return [_item(request.key, found.get(request.key)) for request in requests]

    async def bulk_set(self, requests: Sequence[state.SetRequest], *, parallelism: int = 0) -> None:
        if len(requests) < 2 or not _overwrite(requests) or not await self._put(requests):
            await super().bulk_set(requests, parallelism=parallelism)

    async def transact(self, operations: Sequence[Write], metadata: Mapping[str, str] = NO_METADATA) -> None:
        if operations:
            await self._tables.write(operations)

    async def _put(self, requests: Sequence[state.SetRequest]) -> bool:
        """Store values together, and return whether that went well; else each is to be stored by itself."""
        try:
            # In the order of their keys no two such writes wait for each other.
            await self._tables.put(sorted(requests, key=_key))
        except (UnavailableError, TimedOutError):
            raise
        except ComponentError as error:
            logger.debug("%d values are not stored together: %s", len(requests), error)
            return False
        return True

    def _opened_as(self, tables: Tables, name: str, interval: float) -> None:
        """Serve these tables, and remove what has expired every so many seconds; 0 or less for never."""
        self._opened = tables
        if interval > 0:
            self._cleaning = asyncio.create_task(_clean_up_every(tables, name, interval))

    @property
    def _tables(self) -> Tables:
        if self._opened is None:
            raise InitError("the state store was not initialised: await init first")
        return self._opened


async def _clean_up_every(tables: Tables, name: str, interval: float) -> None:
    while True:
        try:
            removed = await tables.clean_up(interval)
            logger.debug('state store "%s": removed %d expired rows', name, removed)
        except ComponentError as error:
            logger.warning('state store "%s": could not remove expired rows: %s', name, error)
        await asyncio.sleep(interval)


def _overwrite(requests: Sequence[state.SetRequest]) -> bool:
    """Whether these writes are each of another key, and take no notice of what is there."""
    return len({request.key for request in requests}) == len(requests) and not any(
        request.etag or request.concurrency is state.Concurrency.FIRST_WRITE for request in requests
    )


def _item(key: str, found: Found) -> state.BulkGetItem:
    if isinstance(found, ComponentError):
        return state.BulkGetItem(key=key, error=str(found))
    return state.BulkGetItem(key=key, value=found)
