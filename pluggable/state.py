"""State stores: keys with values, ETags and times to live."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, ClassVar, TypeVar

from .component import Capability, Component
from .errors import BulkError, ComponentError, ETagMismatchError
from .metadata import NO_METADATA

Q = TypeVar("Q")
A = TypeVar("A")
K = TypeVar("K", "SetRequest", "DeleteRequest")


class Concurrency(Enum):
    """Which of two writers wins."""

    UNSPECIFIED = 0
    FIRST_WRITE = 1
    LAST_WRITE = 2


class Consistency(Enum):
    """How fresh a read, or how settled a write, must be."""

    UNSPECIFIED = 0
    EVENTUAL = 1
    STRONG = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class GetRequest:
    """Ask for one value."""

    key: str
    consistency: Consistency = Consistency.UNSPECIFIED
    metadata: Mapping[str, str] = NO_METADATA


@dataclass(frozen=True, slots=True, kw_only=True)
class GetResponse:
    """A stored value, with the ETag to send back when changing it. Empty data is a value too."""

    data: bytes
    etag: str | None = None
    metadata: Mapping[str, str] = NO_METADATA
    """``ttlExpireTime`` (RFC 3339) where the value will expire."""
    content_type: str | None = None


class _Write:
    """What a set and a delete have in common."""

    __slots__ = ()
    key: str
    etag: str | None
    concurrency: Concurrency

    def check(self, stored: str | None) -> None:
        """
        Return if this may replace what is stored now, whose ETag is given; ``None`` says that nothing is.

        Raises:
            ETagMismatchError: it carries another ETag, or none, is first-write, and there is a value.
        """
        if self.etag:
            if self.etag != stored:
                at = "is not there" if stored is None else f"is at {stored}"
                raise ETagMismatchError(f'"{self.key}" {at}, not {self.etag}')
        elif self.concurrency is Concurrency.FIRST_WRITE and stored is not None:
            raise ETagMismatchError(f'"{self.key}" is there already, at {stored}')


@dataclass(frozen=True, slots=True, kw_only=True)
class SetRequest(_Write):
    """
    Store one value.

    Without an ETag, ``FIRST_WRITE`` inserts only; anything else overwrites. ``metadata`` may carry
    ``ttlInSeconds``, where ``-1`` or its absence lets the value live for ever.
    """

    key: str
    value: bytes
    etag: str | None = None
    concurrency: Concurrency = Concurrency.UNSPECIFIED
    consistency: Consistency = Consistency.UNSPECIFIED
    metadata: Mapping[str, str] = NO_METADATA
    content_type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteRequest(_Write):
    """Remove one value. A missing key is no error unless an ETag is given."""

    key: str
    etag: str | None = None
    concurrency: Concurrency = Concurrency.UNSPECIFIED
    consistency: Consistency = Consistency.UNSPECIFIED
    metadata: Mapping[str, str] = NO_METADATA


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkGetItem:
    """What became of one key of a bulk get: a value, nothing, or an error of its own."""

    key: str
    value: GetResponse | None = None
    error: str | None = None


class StateStore(Component):
    """
    A key/value store. One object serves one configured component.

    Keys arrive with the sidecar's prefix and are stored as they are.
    """

    @abstractmethod
    async def get(self, request: GetRequest) -> GetResponse | None:
        """Return the value, or ``None`` if there is no such key."""

    @abstractmethod
    async def set(self, request: SetRequest) -> None:
        """
        Store one value.

        Raises:
            ETagMismatchError: ``request.etag`` is not the stored one, or first-write found the key taken.
            ETagInvalidError: ``request.etag`` is not an ETag of this store.
        """

    @abstractmethod
    async def delete(self, request: DeleteRequest) -> None:
        """
        Remove one value.

        Raises:
            ETagMismatchError: ``request.etag`` is not the stored one.
            ETagInvalidError: ``request.etag`` is not an ETag of this store.
        """

    async def bulk_get(self, requests: Sequence[GetRequest], *, parallelism: int = 0) -> list[BulkGetItem]:
        """Return an item for every key, in the order asked. A ``parallelism`` of 0 or less sets no bound."""

        async def item(request: GetRequest) -> BulkGetItem:
            try:
                return BulkGetItem(key=request.key, value=await self.get(request))
            except ComponentError as error:
                return BulkGetItem(key=request.key, error=str(error))

        return await _each(item, requests, parallelism)

    async def bulk_set(self, requests: Sequence[SetRequest], *, parallelism: int = 0) -> None:
        """
        Store several values, each for itself.

        Raises:
            BulkError: some failed, the others are stored.
        """
        await _all(self.set, requests, parallelism)

    async def bulk_delete(self, requests: Sequence[DeleteRequest], *, parallelism: int = 0) -> None:
        """
        Remove several values, each for itself.

        Raises:
            BulkError: some failed, the others are removed.
            RowMismatchError: fewer rows were there than asked for.
        """
        await _all(self.delete, requests, parallelism)


class ETagged(Capability):
    """Every write changes a value's ETag, and a write with an ETag is refused unless it is the stored one."""

    feature: ClassVar[str] = "ETAG"
    of: ClassVar[type[Component] | None] = StateStore


class Expiring(Capability):
    """Values live as long as ``ttlInSeconds`` says."""

    feature: ClassVar[str] = "TTL"
    of: ClassVar[type[Component] | None] = StateStore


class Transactional(Capability):
    """Applies several operations together or not at all."""

    feature: ClassVar[str] = "TRANSACTIONAL"
    of: ClassVar[type[Component] | None] = StateStore

    @abstractmethod
    async def transact(
        self, operations: Sequence[SetRequest | DeleteRequest], metadata: Mapping[str, str] = NO_METADATA
    ) -> None:
        """
        Apply the operations in order, atomically; a key may occur twice.

        Raises:
            ETagMismatchError: an operation's ETag is not the stored one; nothing was changed.
        """

    async def transaction_limit(self) -> int | None:
        """Return how many operations a transaction may have, ``None`` for any number."""
        return None


class SortOrder(Enum):
    """Which way a query sorts."""

    ASC = 0
    DESC = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryRequest:
    """
    A query as Dapr's state API defines it.

    ``filter`` maps one operator to its operand: ``{"EQ": {"state": "CA"}}``; an empty one matches all.
    """

    filter: Mapping[str, Any] = field(default_factory=dict)
    sort: Sequence[tuple[str, SortOrder]] = ()
    limit: int = 0
    token: str = ""
    metadata: Mapping[str, str] = NO_METADATA


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryItem:
    """One row found."""

    key: str
    data: bytes
    etag: str | None = None
    error: str | None = None
    content_type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryResponse:
    """Rows found, and the token for the next page; an empty token says that this was the last."""

    items: Sequence[QueryItem]
    token: str = ""
    metadata: Mapping[str, str] = NO_METADATA


class Queryable(Capability):
    """Finds values by their contents."""

    feature: ClassVar[str] = "QUERY_API"
    of: ClassVar[type[Component] | None] = StateStore

    @abstractmethod
    async def query(self, request: QueryRequest) -> QueryResponse:
        """
        Return the rows that match.

        Raises:
            InvalidRequestError: the query is not one this store understands.
        """


async def _each(call: Callable[[Q], Awaitable[A]], requests: Sequence[Q], parallelism: int) -> list[A]:
    """Call for each request, so many at a time, and return the answers in order."""
    if parallelism == 1 or len(requests) == 1:
        return [await call(request) for request in requests]
    room = asyncio.Semaphore(parallelism if parallelism > 0 else max(1, len(requests)))

    async def one(request: Q) -> A:
        async with room:
            return await call(request)

    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(one(request)) for request in requests]
    return [task.result() for task in running]


async def _all(call: Callable[[K], Awaitable[None]], requests: Sequence[K], parallelism: int) -> None:
    """Call for each request and raise what failed, by key, when all are done."""

    async def failure(request: K) -> ComponentError | None:
        try:
            await call(request)
        except ComponentError as error:
            return error
        return None

    failures = zip(requests, await _each(failure, requests, parallelism), strict=True)
    if found := {request.key: error for request, error in failures if error is not None}:
        raise BulkError(found)
