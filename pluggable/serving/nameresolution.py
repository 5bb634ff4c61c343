"""Name resolution on a socket."""

from __future__ import annotations

from typing import Any

from .._proto.pluggable.components.v1alpha1 import nameresolution_pb2 as pb
from .._wire import nameresolution as wire, names
from .._wire.names import path
from ..component import Component
from ..nameresolution import NameResolver, Registering
from ..transport import Handler
from .calls import Calls


def handlers(calls: Calls[Any], kind: type[Component]) -> dict[str, Handler]:
    """Return what answers the calls for a resolver; a registry follows from its capability."""
    service, registry = names.NAME_RESOLVER, names.NAME_REGISTRY
    found: dict[str, Handler] = {
        path(service, "Init"): calls.init(
            pb.NameResolverInitRequest, wire.init_request, pb.NameResolverInitResponse()
        ),
        path(service, "Features"): calls.features(),
        path(service, "Ping"): calls.ping(),
        path(service, "Resolve"): calls.unary(pb.ResolveRequest, resolve),
    }
    if issubclass(kind, Registering):
        found[path(registry, "Register")] = calls.unary(pb.RegisterRequest, register)
        found[path(registry, "Deregister")] = calls.unary(pb.DeregisterRequest, deregister)
    return found


async def resolve(resolver: NameResolver, message: pb.ResolveRequest) -> pb.ResolveResponse:
    """Answer Resolve."""
    return wire.resolve_response_pb(await resolver.resolve(wire.resolve_request(message)))


async def register(registry: Registering, message: pb.RegisterRequest) -> pb.RegisterResponse:
    """Answer Register."""
    instance, ttl_seconds = wire.register_request(message)
    await registry.register(instance, ttl_seconds=ttl_seconds)
    return pb.RegisterResponse()


async def deregister(registry: Registering, message: pb.DeregisterRequest) -> pb.DeregisterResponse:
    """Answer Deregister."""
    await registry.deregister(wire.deregister_request(message))
    return pb.DeregisterResponse()
