"""Secret stores on a socket."""

from __future__ import annotations

from typing import Any

from .._proto.dapr.proto.components.v1 import secretstore_pb2 as pb
from .._wire import names, secretstores as wire
from .._wire.names import path
from ..component import Component
from ..secretstores import SecretStore
from ..transport import Handler
from .calls import Calls


def handlers(calls: Calls[Any], kind: type[Component]) -> dict[str, Handler]:  # noqa: ARG001  as for every block
    """Return what answers the calls for a secret store."""
    service = names.SECRET_STORE
    return {
        path(service, "Init"): calls.init(
            pb.SecretStoreInitRequest, wire.init_request, pb.SecretStoreInitResponse()
        ),
        path(service, "Features"): calls.features(),
        path(service, "Ping"): calls.ping(),
        path(service, "Get"): calls.unary(pb.GetSecretRequest, get),
        path(service, "BulkGet"): calls.unary(pb.BulkGetSecretRequest, bulk_get),
    }


async def get(store: SecretStore, message: pb.GetSecretRequest) -> pb.GetSecretResponse:
    """Answer Get."""
    return wire.get_response_pb(await store.get(wire.get_request(message)))


async def bulk_get(store: SecretStore, message: pb.BulkGetSecretRequest) -> pb.BulkGetSecretResponse:
    """Answer BulkGet."""
    return wire.bulk_get_response_pb(await store.bulk_get(wire.bulk_get_request(message)))
