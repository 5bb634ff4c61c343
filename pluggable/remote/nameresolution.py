"""Name resolution over a socket."""

from __future__ import annotations

from google.protobuf.message import Message

from .._proto.pluggable.components.v1alpha1 import nameresolution_pb2 as pb
from .._wire import nameresolution as wire, names
from ..errors import NotFoundError
from ..metadata import Metadata
from ..nameresolution import Instance, NameResolver, Registering, ResolveRequest
from .component import RemoteComponent

_RESOLVE = names.path(names.NAME_RESOLVER, "Resolve")
_REGISTER = names.path(names.NAME_REGISTRY, "Register")
_DEREGISTER = names.path(names.NAME_REGISTRY, "Deregister")


class RemoteNameResolver(RemoteComponent, NameResolver, Registering):
    """
    A resolver over a socket. One that is no registry refuses to list anybody with UnsupportedError.

    A registry that was restarted may have forgotten who registered: who renews in time is listed again.
    """

    service = names.NAME_RESOLVER

    async def resolve(self, request: ResolveRequest) -> list[str]:
        message = await self._connection.ask(_RESOLVE, wire.resolve_request_pb(request), pb.ResolveResponse)
        if not (addresses := wire.resolve_response(message)):
            raise NotFoundError(f'{self._connection.name} has no address for "{request.id}"')
        return addresses

    async def register(self, instance: Instance, *, ttl_seconds: int | None = None) -> None:
        await self._connection.ask(
            _REGISTER, wire.register_request_pb(instance, ttl_seconds), pb.RegisterResponse
        )

    async def deregister(self, instance: Instance) -> None:
        await self._connection.ask(_DEREGISTER, wire.deregister_request_pb(instance), pb.DeregisterResponse)

    def _init_request(self, metadata: Metadata) -> tuple[Message, type[Message]]:
        return wire.init_request_pb(metadata), pb.NameResolverInitResponse
