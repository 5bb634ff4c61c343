"""A secret store over a socket."""

from __future__ import annotations

from collections.abc import Mapping

from google.protobuf.message import Message

from .._proto.dapr.proto.components.v1 import secretstore_pb2 as pb
from .._wire import names, secretstores as wire
from ..metadata import NO_METADATA, Metadata
from ..secretstores import GetRequest, SecretStore
from .component import RemoteComponent

_GET = names.path(names.SECRET_STORE, "Get")
_BULK_GET = names.path(names.SECRET_STORE, "BulkGet")


class RemoteSecretStore(RemoteComponent, SecretStore):
    """A secret store over a socket."""

    service = names.SECRET_STORE

    async def get(self, request: GetRequest) -> Mapping[str, str]:
        message = await self._connection.ask(_GET, wire.get_request_pb(request), pb.GetSecretResponse)
        return wire.get_response(message)

    async def bulk_get(self, metadata: Mapping[str, str] = NO_METADATA) -> Mapping[str, Mapping[str, str]]:
        message = await self._connection.ask(
            _BULK_GET, wire.bulk_get_request_pb(metadata), pb.BulkGetSecretResponse
        )
        return wire.bulk_get_response(message)

    def _init_request(self, metadata: Metadata) -> tuple[Message, type[Message]]:
        return wire.init_request_pb(metadata), pb.SecretStoreInitResponse
