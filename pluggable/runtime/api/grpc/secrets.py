"""Secrets over gRPC."""

from __future__ import annotations

from ...._proto.dapr.proto.runtime.v1 import secret_pb2 as pb
from ...._wire.common import mapping
from ....transport import ServerCall
from ...blocks.secrets import Secrets
from .service import Service


class SecretCalls:
    """The methods for secrets."""

    def __init__(self, block: Secrets) -> None:
        self._block = block

    def add_to(self, service: Service) -> None:
        """Add the methods."""
        service.add("GetSecret", pb.GetSecretRequest, self.get)
        service.add("GetBulkSecret", pb.GetBulkSecretRequest, self.bulk_get)

    async def get(self, request: pb.GetSecretRequest, _call: ServerCall) -> pb.GetSecretResponse:
        """Answer with the values of one secret."""
        found = await self._block.get(request.store_name, request.key, mapping(request.metadata))
        return pb.GetSecretResponse(data=found)

    async def bulk_get(self, request: pb.GetBulkSecretRequest, _call: ServerCall) -> pb.GetBulkSecretResponse:
        """Answer with the values of every secret that may be seen."""
        found = await self._block.bulk_get(request.store_name, mapping(request.metadata))
        return pb.GetBulkSecretResponse(
            data={name: pb.SecretResponse(secrets=values) for name, values in found.items()}
        )
