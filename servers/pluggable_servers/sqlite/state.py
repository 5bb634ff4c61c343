"""
A state store in one SQLite file, on the tables daprd uses: either can take over from the other.

Facts: components-contrib ``state/sqlite``.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Mapping, Sequence

from pluggable import About, state
from pluggable.errors import BulkError, ComponentError, InitError, MetadataError
from pluggable.keyspace import NativeBulk
from pluggable.metadata import NO_METADATA, Metadata

from .. import ttl
from .database import Database, Plan
from .operations import CleanUp, Get, Operation, Put, Remove, Statements, Together
from .settings import Location, SQLiteSettings, location

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
        settings = metadata.parse(SQLiteSettings)
        try:
            where = location(settings.connection_string)
        except ValueError as error:
            raise MetadataError([str(error)]) from error
        plan = Plan(name=metadata.name, settings=settings, location=where, prepare=_prepare)
        self._opened = await Database.open(plan)
        if (interval := settings.cleanup_interval.total_seconds()) > 0 and not where.read_only:
            self._cleaning = asyncio.create_task(self._clean_up_every(interval))

    async def close(self) -> None:
        if self._cleaning is not None:
            self._cleaning.cancel()
            await asyncio.wait([self._cleaning])
        if self._opened is not None:
            await self._opened.close()

    async def ping(self) -> None:
        await self._database.read(Get(()))

    async def get(self, request: state.GetRequest) -> state.GetResponse | None:
        return (await self._database.read(Get((request.key,))))[0]

    async def set(self, request: state.SetRequest) -> None:
        await self._database.write(_put(request))

    async def delete(self, request: state.DeleteRequest) -> None:
        await self._database.write(_remove(request))

    async def bulk_get(
        self, requests: Sequence[state.GetRequest], *, parallelism: int = 0
    ) -> list[state.BulkGetItem]:
        keys = [request.key for request in requests]
        try:
            values = await self._database.read(Get(keys))
        except ComponentError:
            # Each key with an error of its own.
            return await super().bulk_get(requests, parallelism=parallelism)
        return [state.BulkGetItem(key=key, value=value) for key, value in zip(keys, values, strict=True)]

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
        failures: dict[str, ComponentError] = {}
        submitted: list[tuple[str, asyncio.Future[None]]] = []
        for request in requests:
            try:
                submitted.append((request.key, self._database.write(_step(request))))
            except ComponentError as error:
                failures[request.key] = error
        answers = await asyncio.gather(*(future for _, future in submitted), return_exceptions=True)
        for (key, _), answer in zip(submitted, answers, strict=True):
            if isinstance(answer, ComponentError):
                failures[key] = answer
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


def _step(request: Write) -> Operation[None]:
    return _put(request) if isinstance(request, state.SetRequest) else _remove(request)


def _put(request: state.SetRequest) -> Put:
    return Put(
        key=request.key,
        value=request.value,
        as_text=_is_json(request),
        expected=request.etag,
        first=request.concurrency is state.Concurrency.FIRST_WRITE,
        seconds=ttl.seconds_to_live(request.metadata, lowest=-1) if request.metadata else None,
    )


def _remove(request: state.DeleteRequest) -> Remove:
    return Remove(key=request.key, expected=request.etag)


def _is_json(request: state.SetRequest) -> bool:
    """Return whether the value is called JSON, which daprd keeps as text."""
    content_type = request.content_type or request.metadata.get("contentType")
    return content_type is not None and content_type.partition(";")[0].strip().lower() == "application/json"


def _prepare(connection: sqlite3.Connection, settings: SQLiteSettings, where: Location) -> Statements:
    """Make the tables and return the statements; in a thread, since it imports SQLAlchemy."""
    from . import schema, statements

    tables = schema.schema(settings.table_name, settings.metadata_table_name)
    if not where.read_only:
        schema.migrate(connection, tables)
    texts = statements.compiled(tables)
    # What is there is what the statements expect, or says so.
    connection.execute(texts.get, {"key": ""}).fetchall()
    return texts
