"""
A state store in the memory of its process.

Facts: components-contrib ``state/in-memory/in_memory.go``. Unlike there, a value that has expired but was not
swept yet counts as absent everywhere.
"""

from __future__ import annotations

import heapq
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

from pluggable import About, state
from pluggable.errors import InvalidRequestError
from pluggable.keyspace import (
    DeleteWithPrefixRequest,
    KeysLike,
    KeysLikeRequest,
    KeysLikeResponse,
    NativeBulk,
    PrefixDeletable,
)
from pluggable.metadata import NO_METADATA, Metadata

from .. import ttl
from .expirations import Expirations

logger = logging.getLogger(__name__)

#: What a token begins with; the last key of its page follows, which may be gone when the next is asked for.
_AFTER: Final = "after:"


@dataclass(frozen=True, slots=True)
class _Item:
    data: bytes
    etag: str
    expires: float | None


class InMemoryStateStore(
    state.StateStore,
    state.ETagged,
    state.Transactional,
    state.Expiring,
    PrefixDeletable,
    KeysLike,
    NativeBulk,
):
    """Keys and values that live as long as this object."""

    about = About(
        title="In-memory",
        description="Keys and values in the memory of the component's process, gone when it ends.",
        url="https://docs.dapr.io/reference/components-reference/supported-state-stores/setup-inmemory/",
        status="development-only",
    )

    def __init__(self) -> None:
        self._items: dict[str, _Item] = {}
        self._expirations = Expirations(self._expire)

    async def init(self, metadata: Metadata) -> None:
        logger.warning(
            'state.in-memory "%s" keeps its values in this process; they are gone when it ends', metadata.name
        )

    async def close(self) -> None:
        self._expirations.close()
        self._items.clear()

    async def get(self, request: state.GetRequest) -> state.GetResponse | None:
        return self._get(request.key)

    async def set(self, request: state.SetRequest) -> None:
        self._check(request)
        self._set(request, ttl.seconds_to_live(request.metadata))

    async def delete(self, request: state.DeleteRequest) -> None:
        self._check(request)
        self._delete(request.key)

    async def bulk_get(
        self, requests: Sequence[state.GetRequest], *, parallelism: int = 0
    ) -> list[state.BulkGetItem]:
        return [state.BulkGetItem(key=request.key, value=self._get(request.key)) for request in requests]

    async def bulk_set(self, requests: Sequence[state.SetRequest], *, parallelism: int = 0) -> None:
        # One after the other: nothing waits here, so a task for each would be for nothing.
        await super().bulk_set(requests, parallelism=1)

    async def bulk_delete(self, requests: Sequence[state.DeleteRequest], *, parallelism: int = 0) -> None:
        await super().bulk_delete(requests, parallelism=1)

    async def transact(
        self,
        operations: Sequence[state.SetRequest | state.DeleteRequest],
        metadata: Mapping[str, str] = NO_METADATA,
    ) -> None:
        # Every ETag is held against what was stored before the first operation, as daprd does.
        for operation in operations:
            self._check(operation)
        lives = [ttl.seconds_to_live(operation.metadata) for operation in operations]
        for operation, seconds in zip(operations, lives, strict=True):
            if isinstance(operation, state.SetRequest):
                self._set(operation, seconds)
            else:
                self._delete(operation.key)

    async def delete_with_prefix(self, request: DeleteWithPrefixRequest) -> int:
        found = [key for key in self._items if request.matches(key) and self._live(key)]
        for key in found:
            self._delete(key)
        return len(found)

    async def keys_like(self, request: KeysLikeRequest) -> KeysLikeResponse:
        last = _last_key(request.token)
        fits = request.expression().fullmatch
        found = (key for key in self._items if (last is None or key > last) and fits(key) and self._live(key))
        if request.page_size is None:
            return KeysLikeResponse(keys=sorted(found))
        page = heapq.nsmallest(request.page_size + 1, found)
        if len(page) <= request.page_size:
            return KeysLikeResponse(keys=page)
        page.pop()
        return KeysLikeResponse(keys=page, token=_AFTER + page[-1])

    def _get(self, key: str) -> state.GetResponse | None:
        item = self._live(key)
        if item is None:
            return None
        if item.expires is None:
            return state.GetResponse(data=item.data, etag=item.etag)
        expires = ttl.shown(datetime.fromtimestamp(item.expires, UTC))
        return state.GetResponse(data=item.data, etag=item.etag, metadata=expires)

    def _set(self, request: state.SetRequest, seconds: int | None) -> None:
        expires = time.time() + seconds if seconds and seconds > 0 else None
        self._items[request.key] = _Item(request.value, str(uuid4()), expires)
        if expires is None:
            self._expirations.discard(request.key)
        else:
            self._expirations.add(request.key, expires)

    def _delete(self, key: str) -> None:
        self._items.pop(key, None)
        self._expirations.discard(key)

    def _live(self, key: str) -> _Item | None:
        item = self._items.get(key)
        if item is None or item.expires is None or item.expires > time.time():
            return item
        return None

    def _check(self, request: state.SetRequest | state.DeleteRequest) -> None:
        """Raise unless the request's ETag is the stored one, or first-write finds nothing."""
        item = self._live(request.key)
        request.check(None if item is None else item.etag)

    def _expire(self, key: str) -> None:
        self._items.pop(key, None)


def _last_key(token: str | None) -> str | None:
    """Return the key that a page ended with."""
    if token is None:
        return None
    if not token.startswith(_AFTER):
        raise InvalidRequestError(f'"{token}" is no token of this store; ask for the first page without one')
    return token.removeprefix(_AFTER)
