"""State stores on the wire: single values, many at once, and transactions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from .._proto.dapr.proto.components.v1 import state_pb2 as pb
from ..metadata import Metadata
from ..state import (
    BulkGetItem,
    Concurrency,
    Consistency,
    DeleteRequest,
    GetRequest,
    GetResponse,
    SetRequest,
)
from .common import mapping, metadata_request, metadata_request_pb

_ETagged = pb.GetResponse | pb.SetRequest | pb.DeleteRequest | pb.BulkStateItem | pb.QueryItem

# A word of a later release counts as unspecified: proto3 hands us its number all the same.
_CONCURRENCY = {each.value: each for each in Concurrency}
_CONSISTENCY = {each.value: each for each in Consistency}
_CONCURRENCY_PB = {
    Concurrency.UNSPECIFIED: pb.StateOptions.CONCURRENCY_UNSPECIFIED,
    Concurrency.FIRST_WRITE: pb.StateOptions.CONCURRENCY_FIRST_WRITE,
    Concurrency.LAST_WRITE: pb.StateOptions.CONCURRENCY_LAST_WRITE,
}
_CONSISTENCY_PB = {
    Consistency.UNSPECIFIED: pb.StateOptions.CONSISTENCY_UNSPECIFIED,
    Consistency.EVENTUAL: pb.StateOptions.CONSISTENCY_EVENTUAL,
    Consistency.STRONG: pb.StateOptions.CONSISTENCY_STRONG,
}


def etag(message: _ETagged) -> str | None:
    """Return a message's ETag; an empty one is none, as components-contrib has it (``state/requests.go``)."""
    return message.etag.value or None


def etag_pb(value: str | None) -> pb.Etag | None:
    """Pack an ETag; none is an absent field, which is how a missing key is told from an empty value."""
    return pb.Etag(value=value) if value else None


def init_request(message: pb.InitRequest, name: str = "") -> Metadata:
    """Return what the component is configured with."""
    return metadata_request(message.metadata, name)


def init_request_pb(metadata: Metadata) -> pb.InitRequest:
    """Pack what the component is configured with."""
    return pb.InitRequest(metadata=metadata_request_pb(metadata))


def get_request(message: pb.GetRequest) -> GetRequest:
    """Return which value is asked for."""
    return GetRequest(
        key=message.key,
        consistency=_CONSISTENCY.get(message.consistency, Consistency.UNSPECIFIED),
        metadata=mapping(message.metadata),
    )


def get_request_pb(request: GetRequest) -> pb.GetRequest:
    """Pack which value is asked for."""
    message = pb.GetRequest(key=request.key)
    if request.metadata:
        message.metadata.update(request.metadata)
    if request.consistency is not Consistency.UNSPECIFIED:
        message.consistency = _CONSISTENCY_PB[request.consistency]
    return message


def get_response(message: pb.GetResponse | pb.BulkStateItem) -> GetResponse | None:
    """
    Return the value, or ``None`` where there is none.

    No field says so: a message with neither data nor ETag nor metadata is a missing key.
    """
    data, found = message.data, etag(message)
    if not (data or found or message.metadata):
        return None
    return GetResponse(
        data=data,
        etag=found,
        metadata=mapping(message.metadata),
        content_type=message.content_type or None,
    )


def get_response_pb(value: GetResponse | None) -> pb.GetResponse:
    """Pack the value; a missing key is an empty message."""
    message = pb.GetResponse()
    if value is not None:
        _put_value(message, value)
    return message


def set_request(message: pb.SetRequest) -> SetRequest:
    """Return what to store."""
    options = message.options
    return SetRequest(
        key=message.key,
        value=message.value,
        etag=etag(message),
        concurrency=_CONCURRENCY.get(options.concurrency, Concurrency.UNSPECIFIED),
        consistency=_CONSISTENCY.get(options.consistency, Consistency.UNSPECIFIED),
        metadata=mapping(message.metadata),
        content_type=message.content_type or None,
    )


def set_request_pb(request: SetRequest) -> pb.SetRequest:
    """Pack what to store."""
    message = pb.SetRequest(key=request.key, value=request.value)
    _put_conditions(message, request)
    if request.content_type:
        message.content_type = request.content_type
    return message


def delete_request(message: pb.DeleteRequest) -> DeleteRequest:
    """Return what to remove."""
    options = message.options
    return DeleteRequest(
        key=message.key,
        etag=etag(message),
        concurrency=_CONCURRENCY.get(options.concurrency, Concurrency.UNSPECIFIED),
        consistency=_CONSISTENCY.get(options.consistency, Consistency.UNSPECIFIED),
        metadata=mapping(message.metadata),
    )


def delete_request_pb(request: DeleteRequest) -> pb.DeleteRequest:
    """Pack what to remove."""
    message = pb.DeleteRequest(key=request.key)
    _put_conditions(message, request)
    return message


def bulk_get_request(message: pb.BulkGetRequest) -> tuple[list[GetRequest], int]:
    """Return which values are asked for, and how many to fetch at a time."""
    return [get_request(item) for item in message.items], message.options.parallelism


def bulk_get_request_pb(requests: Iterable[GetRequest], parallelism: int = 0) -> pb.BulkGetRequest:
    """Pack which values are asked for, and how many to fetch at a time."""
    message = pb.BulkGetRequest(options=pb.BulkGetRequestOptions(parallelism=parallelism))
    message.items.extend(map(get_request_pb, requests))
    return message


def bulk_get_response(message: pb.BulkGetResponse) -> list[BulkGetItem]:
    """Return the items, in the order in which they came."""
    return [
        BulkGetItem(key=item.key, error=item.error)
        if item.error
        else BulkGetItem(key=item.key, value=get_response(item))
        for item in message.items
    ]


def bulk_get_response_pb(items: Iterable[BulkGetItem]) -> pb.BulkGetResponse:
    """Pack the items."""
    message = pb.BulkGetResponse()
    for item in items:
        _put_item(message.items.add(key=item.key), item)
    return message


def bulk_set_request(message: pb.BulkSetRequest) -> tuple[list[SetRequest], int]:
    """Return what to store, and how many at a time."""
    return [set_request(item) for item in message.items], message.options.parallelism


def bulk_set_request_pb(requests: Iterable[SetRequest], parallelism: int = 0) -> pb.BulkSetRequest:
    """Pack what to store, and how many at a time."""
    return pb.BulkSetRequest(
        items=[set_request_pb(request) for request in requests],
        options=pb.BulkSetRequestOptions(parallelism=parallelism),
    )


def bulk_delete_request(message: pb.BulkDeleteRequest) -> tuple[list[DeleteRequest], int]:
    """Return what to remove, and how many at a time."""
    return [delete_request(item) for item in message.items], message.options.parallelism


def bulk_delete_request_pb(requests: Iterable[DeleteRequest], parallelism: int = 0) -> pb.BulkDeleteRequest:
    """Pack what to remove, and how many at a time."""
    return pb.BulkDeleteRequest(
        items=[delete_request_pb(request) for request in requests],
        options=pb.BulkDeleteRequestOptions(parallelism=parallelism),
    )


def transact_request(
    message: pb.TransactionalStateRequest,
) -> tuple[list[SetRequest | DeleteRequest], Mapping[str, str]]:
    """Return the operations in order, and the transaction's metadata; what is neither is left out."""
    operations: list[SetRequest | DeleteRequest] = []
    for operation in message.operations:
        match operation.WhichOneof("request"):
            case "set":
                operations.append(set_request(operation.set))
            case "delete":
                operations.append(delete_request(operation.delete))
    return operations, mapping(message.metadata)


def transact_request_pb(
    operations: Sequence[SetRequest | DeleteRequest], metadata: Mapping[str, str]
) -> pb.TransactionalStateRequest:
    """Pack the operations in order, and the transaction's metadata."""
    return pb.TransactionalStateRequest(
        operations=[
            pb.TransactionalStateOperation(set=set_request_pb(operation))
            if isinstance(operation, SetRequest)
            else pb.TransactionalStateOperation(delete=delete_request_pb(operation))
            for operation in operations
        ],
        metadata=dict(metadata) or None,
    )


def multi_max_size_response(message: pb.MultiMaxSizeResponse) -> int | None:
    """Return how many operations a transaction may have; 0 and less is any number."""
    return message.max_size if message.max_size > 0 else None


def multi_max_size_response_pb(limit: int | None) -> pb.MultiMaxSizeResponse:
    """Pack how many operations a transaction may have."""
    return pb.MultiMaxSizeResponse(max_size=limit or 0)


# What is put into a message field by field: a constructor that takes them all costs three times as much.


def _put_value(message: pb.GetResponse | pb.BulkStateItem, value: GetResponse) -> None:
    message.data = value.data
    if value.etag:
        message.etag.value = value.etag
    if value.metadata:
        message.metadata.update(value.metadata)
    if value.content_type:
        message.content_type = value.content_type


def _put_conditions(message: pb.SetRequest | pb.DeleteRequest, request: SetRequest | DeleteRequest) -> None:
    if request.etag:
        message.etag.value = request.etag
    if request.metadata:
        message.metadata.update(request.metadata)
    options = message.options
    options.SetInParent()
    if request.concurrency is not Concurrency.UNSPECIFIED:
        options.concurrency = _CONCURRENCY_PB[request.concurrency]
    if request.consistency is not Consistency.UNSPECIFIED:
        options.consistency = _CONSISTENCY_PB[request.consistency]


def _put_item(message: pb.BulkStateItem, item: BulkGetItem) -> None:
    if item.error is not None:
        # An error without words would read as a missing key.
        message.error = item.error or "failed for no reason given"
    elif item.value is not None:
        _put_value(message, item.value)
