"""Name resolution on the wire."""

from __future__ import annotations

from collections.abc import Iterable

from .._proto.pluggable.components.v1alpha1 import nameresolution_pb2 as pb
from ..metadata import Metadata
from ..nameresolution import Instance, ResolveRequest
from .common import mapping, metadata_request, metadata_request_pb


def init_request(message: pb.NameResolverInitRequest, name: str = "") -> Metadata:
    """Return what the component is configured with."""
    return metadata_request(message.metadata, name)


def init_request_pb(metadata: Metadata) -> pb.NameResolverInitRequest:
    """Pack what the component is configured with."""
    return pb.NameResolverInitRequest(metadata=metadata_request_pb(metadata))


def resolve_request(message: pb.ResolveRequest) -> ResolveRequest:
    """Return who is asked for."""
    return ResolveRequest(
        id=message.id,
        namespace=message.namespace,
        port=message.port,
        metadata=mapping(message.metadata),
    )


def resolve_request_pb(request: ResolveRequest) -> pb.ResolveRequest:
    """Pack who is asked for."""
    return pb.ResolveRequest(
        id=request.id,
        namespace=request.namespace,
        port=request.port,
        metadata=dict(request.metadata) or None,
    )


def resolve_response(message: pb.ResolveResponse) -> list[str]:
    """Return the addresses, in their order."""
    return list(message.addresses)


def resolve_response_pb(addresses: Iterable[str]) -> pb.ResolveResponse:
    """Pack the addresses, in their order."""
    return pb.ResolveResponse(addresses=addresses)


def register_request(message: pb.RegisterRequest) -> tuple[Instance, int | None]:
    """Return whom to list, and for how many seconds."""
    return _instance(message.instance), message.ttl_seconds or None


def register_request_pb(instance: Instance, ttl_seconds: int | None = None) -> pb.RegisterRequest:
    """Pack whom to list, and for how many seconds."""
    return pb.RegisterRequest(instance=_instance_pb(instance), ttl_seconds=ttl_seconds or 0)


def deregister_request(message: pb.DeregisterRequest) -> Instance:
    """Return whom to list no more."""
    return _instance(message.instance)


def deregister_request_pb(instance: Instance) -> pb.DeregisterRequest:
    """Pack whom to list no more."""
    return pb.DeregisterRequest(instance=_instance_pb(instance))


def _instance(message: pb.Instance) -> Instance:
    return Instance(
        id=message.id,
        host=message.host,
        port=message.port,
        namespace=message.namespace,
        http_port=message.http_port or None,
        app_port=message.app_port or None,
        metadata=mapping(message.metadata),
    )


def _instance_pb(instance: Instance) -> pb.Instance:
    return pb.Instance(
        id=instance.id,
        namespace=instance.namespace,
        host=instance.host,
        port=instance.port,
        http_port=instance.http_port or 0,
        app_port=instance.app_port or 0,
        metadata=dict(instance.metadata) or None,
    )
