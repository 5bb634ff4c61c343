"""On the wire: what state stores can do with keys beyond Dapr's contract."""

from __future__ import annotations

from .._proto.pluggable.components.v1alpha1 import state_pb2 as pb
from ..keyspace import DeleteWithPrefixRequest, KeysLikeRequest, KeysLikeResponse
from .common import mapping


def delete_with_prefix_request(message: pb.DeleteWithPrefixRequest) -> DeleteWithPrefixRequest:
    """
    Return which keys to remove.

    Raises:
        InvalidRequestError: it would be all of them.
    """
    return DeleteWithPrefixRequest(prefix=message.prefix, metadata=mapping(message.metadata))


def delete_with_prefix_request_pb(request: DeleteWithPrefixRequest) -> pb.DeleteWithPrefixRequest:
    """Pack which keys to remove."""
    return pb.DeleteWithPrefixRequest(prefix=request.prefix, metadata=dict(request.metadata) or None)


def keys_like_request(message: pb.KeysLikeRequest) -> KeysLikeRequest:
    """
    Return which keys to list; a page of 0 is one of all keys.

    Raises:
        InvalidRequestError: the pattern is none.
    """
    return KeysLikeRequest(
        pattern=message.pattern,
        page_size=message.page_size or None,
        token=message.continuation_token if message.HasField("continuation_token") else None,
    )


def keys_like_request_pb(request: KeysLikeRequest) -> pb.KeysLikeRequest:
    """Pack which keys to list."""
    return pb.KeysLikeRequest(
        pattern=request.pattern, page_size=request.page_size, continuation_token=request.token
    )


def keys_like_response(message: pb.KeysLikeResponse) -> KeysLikeResponse:
    """Return a page of keys; an empty token is none, so that nobody pages for ever."""
    return KeysLikeResponse(keys=list(message.keys), token=message.continuation_token or None)


def keys_like_response_pb(page: KeysLikeResponse) -> pb.KeysLikeResponse:
    """Pack a page of keys."""
    return pb.KeysLikeResponse(keys=page.keys, continuation_token=page.token)


def bulk_get_limit_response(message: pb.BulkGetLimitResponse) -> int | None:
    """Return how many keys a bulk get may have; 0 and less is any number."""
    return message.max_keys if message.max_keys > 0 else None


def bulk_get_limit_response_pb(limit: int | None) -> pb.BulkGetLimitResponse:
    """Pack how many keys a bulk get may have."""
    return pb.BulkGetLimitResponse(max_keys=limit or 0)
