"""State stores on a socket."""

from __future__ import annotations

from typing import Any

from .._proto.dapr.proto.components.v1 import state_pb2 as pb
from .._wire import names, query as query_wire, state as wire
from .._wire.names import path
from ..component import Component
from ..state import Queryable, StateStore, Transactional
from ..transport import Handler
from . import keyspace
from .calls import Calls


def handlers(calls: Calls[Any], kind: type[Component]) -> dict[str, Handler]:
    """Return what answers the calls for a state store; further services follow from its capabilities."""
    service = names.STATE_STORE
    found: dict[str, Handler] = {
        path(service, "Init"): calls.init(pb.InitRequest, wire.init_request, pb.InitResponse()),
        path(service, "Features"): calls.features(),
        path(service, "Ping"): calls.ping(),
        path(service, "Get"): calls.unary(pb.GetRequest, get),
        path(service, "Set"): calls.unary(pb.SetRequest, set_),
        path(service, "Delete"): calls.unary(pb.DeleteRequest, delete),
        path(service, "BulkGet"): calls.unary(pb.BulkGetRequest, bulk_get),
        path(service, "BulkSet"): calls.unary(pb.BulkSetRequest, bulk_set),
        path(service, "BulkDelete"): calls.unary(pb.BulkDeleteRequest, bulk_delete),
    }
    if issubclass(kind, Transactional):
        found[path(names.TRANSACTIONAL_STATE_STORE, "Transact")] = calls.unary(
            pb.TransactionalStateRequest, transact
        )
        found[path(names.MULTI_MAX_SIZE, "MultiMaxSize")] = calls.unary(
            pb.MultiMaxSizeRequest, multi_max_size
        )
    if issubclass(kind, Queryable):
        found[path(names.QUERIABLE_STATE_STORE, "Query")] = calls.unary(pb.QueryRequest, query)
    return found | keyspace.handlers(calls, kind)


async def get(store: StateStore, message: pb.GetRequest) -> pb.GetResponse:
    """Answer Get."""
    return wire.get_response_pb(await store.get(wire.get_request(message)))


async def set_(store: StateStore, message: pb.SetRequest) -> pb.SetResponse:
    """Answer Set."""
    await store.set(wire.set_request(message))
    return pb.SetResponse()


async def delete(store: StateStore, message: pb.DeleteRequest) -> pb.DeleteResponse:
    """Answer Delete."""
    await store.delete(wire.delete_request(message))
    return pb.DeleteResponse()


async def bulk_get(store: StateStore, message: pb.BulkGetRequest) -> pb.BulkGetResponse:
    """Answer BulkGet."""
    requests, parallelism = wire.bulk_get_request(message)
    return wire.bulk_get_response_pb(await store.bulk_get(requests, parallelism=parallelism))


async def bulk_set(store: StateStore, message: pb.BulkSetRequest) -> pb.BulkSetResponse:
    """Answer BulkSet."""
    requests, parallelism = wire.bulk_set_request(message)
    await store.bulk_set(requests, parallelism=parallelism)
    return pb.BulkSetResponse()


async def bulk_delete(store: StateStore, message: pb.BulkDeleteRequest) -> pb.BulkDeleteResponse:
    """Answer BulkDelete."""
    requests, parallelism = wire.bulk_delete_request(message)
    await store.bulk_delete(requests, parallelism=parallelism)
    return pb.BulkDeleteResponse()


async def transact(
    store: Transactional, message: pb.TransactionalStateRequest
) -> pb.TransactionalStateResponse:
    """Answer Transact."""
    operations, metadata = wire.transact_request(message)
    await store.transact(operations, metadata)
    return pb.TransactionalStateResponse()


async def multi_max_size(store: Transactional, _: pb.MultiMaxSizeRequest) -> pb.MultiMaxSizeResponse:
    """Answer MultiMaxSize."""
    return wire.multi_max_size_response_pb(await store.transaction_limit())


async def query(store: Queryable, message: pb.QueryRequest) -> pb.QueryResponse:
    """Answer Query."""
    return query_wire.query_response_pb(await store.query(query_wire.query_request(message)))
