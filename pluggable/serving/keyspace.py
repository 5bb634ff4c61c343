"""What state stores on a socket can do with keys beyond Dapr's contract, each by a service of its own."""

from __future__ import annotations

from typing import Any

from .._proto.pluggable.components.v1alpha1 import state_pb2 as pb
from .._wire import keyspace as wire, names
from .._wire.names import path
from ..component import Component
from ..keyspace import KeysLike, NativeBulk, PrefixDeletable
from ..transport import Handler
from .calls import Calls


def handlers(calls: Calls[Any], kind: type[Component]) -> dict[str, Handler]:
    """Return what answers the calls for a store's capabilities; those it lacks have none."""
    found: dict[str, Handler] = {}
    if issubclass(kind, PrefixDeletable):
        found[path(names.PREFIX_DELETING_STATE_STORE, "DeleteWithPrefix")] = calls.unary(
            pb.DeleteWithPrefixRequest, delete_with_prefix
        )
    if issubclass(kind, KeysLike):
        found[path(names.KEYS_LIKE_STATE_STORE, "KeysLike")] = calls.unary(pb.KeysLikeRequest, keys_like)
    if issubclass(kind, NativeBulk):
        found[path(names.NATIVE_BULK_STATE_STORE, "BulkGetLimit")] = calls.unary(
            pb.BulkGetLimitRequest, bulk_get_limit
        )
    return found


async def delete_with_prefix(
    store: PrefixDeletable, message: pb.DeleteWithPrefixRequest
) -> pb.DeleteWithPrefixResponse:
    """Answer DeleteWithPrefix."""
    count = await store.delete_with_prefix(wire.delete_with_prefix_request(message))
    return pb.DeleteWithPrefixResponse(count=count)


async def keys_like(store: KeysLike, message: pb.KeysLikeRequest) -> pb.KeysLikeResponse:
    """Answer KeysLike."""
    return wire.keys_like_response_pb(await store.keys_like(wire.keys_like_request(message)))


async def bulk_get_limit(store: NativeBulk, _: pb.BulkGetLimitRequest) -> pb.BulkGetLimitResponse:
    """Answer BulkGetLimit."""
    return wire.bulk_get_limit_response_pb(await store.bulk_get_limit())
