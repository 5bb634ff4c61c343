"""
A state store in one SQLite file, on the tables daprd uses: either can take over from the other.

Facts: components-contrib ``state/sqlite``.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence

from pluggable import About, state
from pluggable.errors import BulkError, ComponentError, InitError, MetadataError
from pluggable.keyspace import NativeBulk
from pluggable.metadata import NO_METADATA, Metadata

from .database import Database
from .opening import Plan
from .operations import CleanUp, Operation, Put, Remove, Together
from .reading import Found
from .settings import SQLiteSettings, location

logger = logging.getLogger(__name__)

Write = state.SetRequest | state.DeleteRequest


class SQLiteStateStore(state.StateStore, state.ETagged, state.Transactional, state.Expiring, NativeBulk):
    """
    Keys and values in one table.

    Answered means on the disk: WAL with ``synchronous=FULL``, many requests a commit.
    """

    about = About(
        settings=SQLiteSettings,
        title="SQLite",
        description="Keys and values in one table of an SQLite file, the one that daprd's state.sqlite uses.",
        url="https://docs.dapr.io/reference/components-reference/supported-state-stores/setup-sqlite/",
    )

    def __init__(self) -> None:
        self._name = ""
        self._opened: Database | None = None
        self._cleaning: asyncio.Task[None] | None = None

    async def init(self, metadata: Metadata) -> None:
        self._name = metadata.name
        settings = _settings(metadata)
        try:
            where = location(settings.connection_string)
        except ValueError as error:
            raise MetadataError([str(error)]) from error
        self._opened = await Database.open(Plan(name=metadata.name, settings=settings, location=where))
        if (interval := settings.cleanup_interval.total_seconds()) > 0 and not where.read_only:
            self._cleaning = asyncio.create_task(self._clean_up_every(interval))

    async def close(self) -> None:
        if self._cleaning is not None:
            self._cleaning.cancel()
            await asyncio.wait([self._cleaning])
        if self._opened is not None:
            await self._opened.close()

    async def ping(self) -> None:
        await self._database.read_apart([""])

    async def get(self, request: state.GetRequest) -> state.GetResponse | None:
        [found] = await self._database.read((request.key,))
        if isinstance(found, ComponentError):
            raise found
        return found

    async def set(self, request: state.SetRequest) -> None:
        await self._database.write(Put(request))

    async def delete(self, request: state.DeleteRequest) -> None:
        await self._database.write(Remove(request))

    async def bulk_get(
        self, requests: Sequence[state.GetRequest], *, parallelism: int = 0
    ) -> list[state.BulkGetItem]:
        keys = [request.key for request in requests]
        try:
            found = await self._database.read(keys)
        except ComponentError:
            # Each key with an error of its own.
            return await super().bulk_get(requests, parallelism=parallelism)
        return [_item(key, value) for key, value in zip(keys, found, strict=True)]

    async def bulk_set(self, requests: Sequence[state.SetRequest], *, parallelism: int = 0) -> None:
        await self._each(requests)

    async def bulk_delete(self, requests: Sequence[state.DeleteRequest], *, parallelism: int = 0) -> None:
        await self._each(requests)

    async def transact(
        self,
        operations: Sequence[Write],
        metadata: Mapping[str, str] = NO_METADATA,
    ) -> None:
        await self._database.write(Together([_step(operation) for operation in operations]))

    async def _each(self, requests: Sequence[Write]) -> None:
        """Submit all at once, so that they share a commit, and tell which of them failed."""
        submitted = [self._database.write(_step(request)) for request in requests]
        answers = await asyncio.gather(*submitted, return_exceptions=True)
        failures: dict[str, ComponentError] = {}
        for request, answer in zip(requests, answers, strict=True):
            if isinstance(answer, ComponentError):
                failures[request.key] = answer
            elif isinstance(answer, BaseException):
                raise answer
        if failures:
            raise BulkError(failures)

    async def _clean_up_every(self, interval: float) -> None:
        while True:
            try:
                removed = await self._database.write(CleanUp(interval))
                logger.debug('state.sqlite "%s": removed %d expired rows', self._name, removed)
            except ComponentError as error:
                logger.warning('state.sqlite "%s": could not remove expired rows: %s', self._name, error)
            await asyncio.sleep(interval)

    @property
    def _database(self) -> Database:
        if self._opened is None:
            raise InitError("state.sqlite was not initialised: await init first")
        return self._opened


def _item(key: str, found: Found) -> state.BulkGetItem:
    if found is None or isinstance(found, state.GetResponse):
        return state.BulkGetItem(key=key, value=found)
    return state.BulkGetItem(key=key, error=str(found))


def _step(request: Write) -> Operation[None]:
    return Put(request) if isinstance(request, state.SetRequest) else Remove(request)


def _settings(metadata: Metadata) -> SQLiteSettings:
    """Return the settings; that there is no connection string is told in daprd's words, too."""
    try:
        return metadata.parse(SQLiteSettings)
    except MetadataError as error:
        if metadata.get("connectionString") or metadata.get("url"):
            raise
        raise MetadataError([f"missing connection string: {error.faults[0]}", *error.faults[1:]]) from error
