"""A state store over a socket."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from google.protobuf.message import Message

from .._proto.dapr.proto.components.v1 import state_pb2 as pb
from .._proto.pluggable.components.v1alpha1 import state_pb2 as further
from .._wire import common, hugestate, keyspace, names, query, state as wire
from .._wire.huge import LARGE_BYTES
from ..errors import UnsupportedError
from ..keyspace import (
    DeleteWithPrefixRequest,
    KeysLike,
    KeysLikeRequest,
    KeysLikeResponse,
    NativeBulk,
    PrefixDeletable,
)
from ..metadata import NO_METADATA, Metadata
from ..state import (
    BulkGetItem,
    DeleteRequest,
    GetRequest,
    GetResponse,
    Queryable,
    QueryRequest,
    QueryResponse,
    SetRequest,
    StateStore,
    Transactional,
)
from .component import RemoteComponent

_GET = names.path(names.STATE_STORE, "Get")
_SET = names.path(names.STATE_STORE, "Set")
_DELETE = names.path(names.STATE_STORE, "Delete")
_BULK_GET = names.path(names.STATE_STORE, "BulkGet")
_BULK_SET = names.path(names.STATE_STORE, "BulkSet")
_BULK_DELETE = names.path(names.STATE_STORE, "BulkDelete")
_TRANSACT = names.path(names.TRANSACTIONAL_STATE_STORE, "Transact")
_MULTI_MAX_SIZE = names.path(names.MULTI_MAX_SIZE, "MultiMaxSize")
_QUERY = names.path(names.QUERIABLE_STATE_STORE, "Query")
_DELETE_WITH_PREFIX = names.path(names.PREFIX_DELETING_STATE_STORE, "DeleteWithPrefix")
_KEYS_LIKE = names.path(names.KEYS_LIKE_STATE_STORE, "KeysLike")
_BULK_GET_LIMIT = names.path(names.NATIVE_BULK_STATE_STORE, "BulkGetLimit")

_BESIDE_BYTES = 64


class RemoteStateStore(
    RemoteComponent, StateStore, Transactional, Queryable, PrefixDeletable, KeysLike, NativeBulk
):
    """A state store over a socket. Which of its capabilities it has, ``features`` says."""

    service = names.STATE_STORE

    async def get(self, request: GetRequest) -> GetResponse | None:
        message = await self._connection.ask(_GET, wire.get_request_pb(request), pb.GetResponse)
        return wire.get_response(message)

    async def set(self, request: SetRequest) -> None:
        packed: Message | bytes
        if len(request.value) <= LARGE_BYTES:
            packed = wire.set_request_pb(request)
        else:
            packed = await asyncio.to_thread(hugestate.set_request_bytes, request)
        await self._connection.ask(_SET, packed, pb.SetResponse)

    async def delete(self, request: DeleteRequest) -> None:
        await self._connection.ask(_DELETE, wire.delete_request_pb(request), pb.DeleteResponse)

    async def bulk_get(self, requests: Sequence[GetRequest], *, parallelism: int = 0) -> list[BulkGetItem]:
        message = await self._connection.ask(
            _BULK_GET, wire.bulk_get_request_pb(requests, parallelism), pb.BulkGetResponse
        )
        return _in_order(requests, wire.bulk_get_response(message))

    async def bulk_set(self, requests: Sequence[SetRequest], *, parallelism: int = 0) -> None:
        packed: Message | bytes
        if _size(requests) <= LARGE_BYTES:
            packed = wire.bulk_set_request_pb(requests, parallelism)
        else:
            packed = await asyncio.to_thread(hugestate.bulk_set_request_bytes, requests, parallelism)
        await self._connection.ask(_BULK_SET, packed, pb.BulkSetResponse)

    async def bulk_delete(self, requests: Sequence[DeleteRequest], *, parallelism: int = 0) -> None:
        await self._connection.ask(
            _BULK_DELETE, wire.bulk_delete_request_pb(requests, parallelism), pb.BulkDeleteResponse
        )

    async def transact(
        self, operations: Sequence[SetRequest | DeleteRequest], metadata: Mapping[str, str] = NO_METADATA
    ) -> None:
        packed: Message | bytes
        if _size(operations) <= LARGE_BYTES:
            packed = wire.transact_request_pb(operations, metadata)
        else:
            packed = await asyncio.to_thread(hugestate.transact_request_bytes, operations, metadata)
        await self._connection.ask(_TRANSACT, packed, pb.TransactionalStateResponse)

    async def transaction_limit(self) -> int | None:
        try:
            message = await self._connection.ask(
                _MULTI_MAX_SIZE, pb.MultiMaxSizeRequest(), pb.MultiMaxSizeResponse
            )
        except UnsupportedError:  # stores of before Dapr 1.13 do not know the call
            return None
        return wire.multi_max_size_response(message)

    async def query(self, request: QueryRequest) -> QueryResponse:
        message = await self._connection.ask(_QUERY, query.query_request_pb(request), pb.QueryResponse)
        return query.query_response(message)

    async def delete_with_prefix(self, request: DeleteWithPrefixRequest) -> int:
        message = await self._connection.ask(
            _DELETE_WITH_PREFIX,
            keyspace.delete_with_prefix_request_pb(request),
            further.DeleteWithPrefixResponse,
        )
        return message.count

    async def keys_like(self, request: KeysLikeRequest) -> KeysLikeResponse:
        message = await self._connection.ask(
            _KEYS_LIKE, keyspace.keys_like_request_pb(request), further.KeysLikeResponse
        )
        return keyspace.keys_like_response(message)

    async def bulk_get_limit(self) -> int | None:
        message = await self._connection.ask(
            _BULK_GET_LIMIT, further.BulkGetLimitRequest(), further.BulkGetLimitResponse
        )
        return keyspace.bulk_get_limit_response(message)

    async def _after_init(self) -> None:
        await super()._after_init()
        self._features = common.with_services(self._features, await self._connection.services())

    def _init_request(self, metadata: Metadata) -> tuple[Message, type[Message]]:
        return wire.init_request_pb(metadata), pb.InitResponse


def _size(requests: Sequence[SetRequest | DeleteRequest]) -> int:
    """Return how many bytes there are to be packed; what is beside a value is as long as a short one."""
    values = sum(len(each.value) for each in requests if isinstance(each, SetRequest))
    return values + _BESIDE_BYTES * len(requests)


def _in_order(requests: Sequence[GetRequest], items: list[BulkGetItem]) -> list[BulkGetItem]:
    """Return an item a request, in their order, whatever a stranger left out or mixed up."""
    if len(items) == len(requests) and all(
        item.key == request.key for item, request in zip(items, requests, strict=True)
    ):
        return items
    found = {item.key: item for item in items}
    return [found.get(request.key) or BulkGetItem(key=request.key) for request in requests]
