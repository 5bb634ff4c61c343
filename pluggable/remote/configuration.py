"""A configuration store over a socket."""

from __future__ import annotations

from google.protobuf.message import Message

from .._proto.pluggable.components.v1alpha1 import configuration_pb2 as pb
from .._wire import configuration as wire, names
from ..configuration import ConfigurationStore, GetRequest, Item, Notify, SubscribeRequest
from ..metadata import Metadata
from .component import RemoteComponent
from .watching import Watcher

_GET = names.path(names.CONFIGURATION_STORE, "Get")


class RemoteConfigurationStore(RemoteComponent, ConfigurationStore):
    """A configuration store over a socket."""

    service = names.CONFIGURATION_STORE

    async def get(self, request: GetRequest) -> dict[str, Item]:
        message = await self._connection.ask(_GET, wire.get_request_pb(request), pb.GetConfigurationResponse)
        return wire.get_response(message)

    async def subscribe(self, request: SubscribeRequest, notify: Notify) -> None:
        """
        Tell of changes until cancelled, over as many streams as that takes.

        What changed between two of them is told when the next stands: the items are got and held against
        those known before. So each change of a value that stayed is told; of several in between, the last.
        """
        await Watcher(self._connection, request, notify, self.get).run()

    def _init_request(self, metadata: Metadata) -> tuple[Message, type[Message]]:
        return wire.init_request_pb(metadata), pb.ConfigurationStoreInitResponse
