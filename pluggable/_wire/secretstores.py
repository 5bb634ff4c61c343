"""Secret stores on the wire."""

from __future__ import annotations

from collections.abc import Mapping

from .._proto.dapr.proto.components.v1 import secretstore_pb2 as pb
from ..metadata import Metadata
from ..secretstores import GetRequest
from .common import mapping, metadata_request, metadata_request_pb


def init_request(message: pb.SecretStoreInitRequest, name: str = "") -> Metadata:
    """Return what the component is configured with."""
    return metadata_request(message.metadata, name)


def init_request_pb(metadata: Metadata) -> pb.SecretStoreInitRequest:
    """Pack what the component is configured with."""
    return pb.SecretStoreInitRequest(metadata=metadata_request_pb(metadata))


def get_request(message: pb.GetSecretRequest) -> GetRequest:
    """Return which secret is asked for."""
    return GetRequest(key=message.key, metadata=mapping(message.metadata))


def get_request_pb(request: GetRequest) -> pb.GetSecretRequest:
    """Pack which secret is asked for."""
    return pb.GetSecretRequest(key=request.key, metadata=dict(request.metadata) or None)


def get_response(message: pb.GetSecretResponse) -> dict[str, str]:
    """Return the secret's values."""
    return dict(message.data)


def get_response_pb(values: Mapping[str, str]) -> pb.GetSecretResponse:
    """Pack the secret's values."""
    return pb.GetSecretResponse(data=dict(values))


def bulk_get_request(message: pb.BulkGetSecretRequest) -> Mapping[str, str]:
    """Return the request's metadata, which is all it has."""
    return mapping(message.metadata)


def bulk_get_request_pb(metadata: Mapping[str, str]) -> pb.BulkGetSecretRequest:
    """Pack the request's metadata."""
    return pb.BulkGetSecretRequest(metadata=dict(metadata) or None)


def bulk_get_response(message: pb.BulkGetSecretResponse) -> dict[str, dict[str, str]]:
    """Return all secrets by name."""
    return {name: dict(secret.secrets) for name, secret in message.data.items()}


def bulk_get_response_pb(secrets: Mapping[str, Mapping[str, str]]) -> pb.BulkGetSecretResponse:
    """Pack all secrets by name."""
    return pb.BulkGetSecretResponse(
        data={name: pb.SecretResponse(secrets=dict(values)) for name, values in secrets.items()}
    )
