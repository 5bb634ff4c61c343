"""Configuration over gRPC: settings, and streams of their changes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from ...._proto.dapr.proto.common.v1 import common_pb2 as common
from ...._proto.dapr.proto.runtime.v1 import configuration_pb2 as pb
from ...._wire.common import mapping
from ....configuration import Changes, Item
from ....transport import ServerCall, ServerStream
from ...blocks.configuration import Configurations
from .service import Service, request_of


class ConfigurationCalls:
    """The methods for configuration; those called alpha are the same."""

    def __init__(self, block: Configurations) -> None:
        self._block = block

    def add_to(self, service: Service) -> None:
        """Add the methods."""
        for stage in ("", "Alpha1"):
            service.add(f"GetConfiguration{stage}", pb.GetConfigurationRequest, self.get)
            service.add_stream(f"SubscribeConfiguration{stage}", self.subscribe)
            unsubscribe = pb.UnsubscribeConfigurationRequest
            service.add(f"UnsubscribeConfiguration{stage}", unsubscribe, self.unsubscribe)

    async def get(
        self, request: pb.GetConfigurationRequest, _call: ServerCall
    ) -> pb.GetConfigurationResponse:
        """Answer with the settings that are there."""
        found = await self._block.get(request.store_name, tuple(request.keys), mapping(request.metadata))
        return pb.GetConfigurationResponse(items=_items(found))

    async def subscribe(self, stream: ServerStream) -> None:
        """Tell the subscription's id, then each change, until it is ended from either side."""
        request = await request_of(stream, pb.SubscribeConfigurationRequest)
        told: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        async def tell(changes: Changes) -> None:
            message = pb.SubscribeConfigurationResponse(id=await asyncio.shield(told), items=_items(changes))
            await stream.send(message.SerializeToString())

        subscription = await self._block.subscribe(
            request.store_name, tuple(request.keys), mapping(request.metadata), tell
        )
        try:
            await stream.send(pb.SubscribeConfigurationResponse(id=subscription.id).SerializeToString())
            told.set_result(subscription.id)
            await subscription.over()
        finally:
            await self._block.unsubscribe(subscription.id)

    async def unsubscribe(
        self, request: pb.UnsubscribeConfigurationRequest, _call: ServerCall
    ) -> pb.UnsubscribeConfigurationResponse:
        """End a subscription, whose stream ends with it, and answer whether there was one."""
        if await self._block.unsubscribe(request.id):
            return pb.UnsubscribeConfigurationResponse(ok=True)
        message = f"failed to unsubscribe to configuration request {request.id}: subscription does not exist"
        return pb.UnsubscribeConfigurationResponse(message=message)


def _items(changes: Mapping[str, Item | None]) -> dict[str, common.ConfigurationItem]:
    return {key: _item(item) for key, item in changes.items()}


def _item(item: Item | None) -> common.ConfigurationItem:
    """Pack a setting; one that is gone has no value, as daprd says it."""
    if item is None:
        return common.ConfigurationItem()
    return common.ConfigurationItem(
        value=item.value, version=item.version or "", metadata=dict(item.metadata)
    )
