"""Requests to state stores that hold huge values, as they are on the wire."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from .._proto.dapr.proto.components.v1 import state_pb2 as pb
from ..state import DeleteRequest, SetRequest
from .huge import LARGE_BYTES, Pieces, holding, joined, within
from .state import bulk_set_request_pb, delete_request_pb, set_request_pb, transact_request_pb


def set_request_bytes(request: SetRequest) -> bytes:
    """Pack what to store."""
    return joined(_set(request))


def bulk_set_request_bytes(requests: Iterable[SetRequest], parallelism: int = 0) -> bytes:
    """Pack what to store, and how many at a time."""
    items = [within(pb.BulkSetRequest, "items", _set(request)) for request in requests]
    return _whole(items, bulk_set_request_pb((), parallelism).SerializeToString())


def transact_request_bytes(
    operations: Sequence[SetRequest | DeleteRequest], metadata: Mapping[str, str]
) -> bytes:
    """Pack the operations in order, and the transaction's metadata."""
    items = [within(pb.TransactionalStateRequest, "operations", _operation(each)) for each in operations]
    return _whole(items, transact_request_pb((), metadata).SerializeToString())


def _operation(operation: SetRequest | DeleteRequest) -> Pieces:
    kind = pb.TransactionalStateOperation
    if isinstance(operation, SetRequest):
        return within(kind, "set", _set(operation))
    return within(kind, "delete", [delete_request_pb(operation).SerializeToString()])


def _set(request: SetRequest) -> Pieces:
    if len(request.value) <= LARGE_BYTES:
        return [set_request_pb(request).SerializeToString()]
    return holding(set_request_pb(replace(request, value=b"")), "value", request.value)


def _whole(items: Iterable[Pieces], rest: bytes) -> bytes:
    return joined(piece for pieces in (*items, [rest]) for piece in pieces)
