"""Configuration stores on a socket."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from .._proto.pluggable.components.v1alpha1 import configuration_pb2 as pb
from .._wire import configuration as wire, names
from .._wire.names import path
from ..component import Component
from ..configuration import Changes, ConfigurationStore, Notify
from ..transport import Handler, ServerStream
from .calls import Calls, check_receivable
from .instances import Instance
from .sources import StreamSource


def handlers(calls: Calls[Any], kind: type[Component]) -> dict[str, Handler]:  # noqa: ARG001  as for every block
    """Return what answers the calls for a configuration store."""
    service = names.CONFIGURATION_STORE
    return {
        path(service, "Init"): calls.init(
            pb.ConfigurationStoreInitRequest, wire.init_request, pb.ConfigurationStoreInitResponse()
        ),
        path(service, "Features"): calls.features(),
        path(service, "Ping"): calls.ping(),
        path(service, "Get"): calls.unary(pb.GetConfigurationRequest, get),
        path(service, "Subscribe"): calls.stream(subscribe),
    }


async def get(store: ConfigurationStore, message: pb.GetConfigurationRequest) -> pb.GetConfigurationResponse:
    """Answer Get."""
    return wire.get_response_pb(await store.get(wire.get_request(message)))


async def subscribe(instance: Instance[Any], stream: ServerStream) -> None:
    """Answer Subscribe; the caller ends it by ending the call."""
    if (data := await stream.receive()) is None:
        return
    request = wire.subscribe_request(pb.SubscribeConfigurationRequest.FromString(data))
    store: ConfigurationStore = instance.component
    notify = StreamNotify(stream, instance)
    await notify.run(store.subscribe(request, notify))


class StreamNotify(StreamSource, Notify):
    """Tells of changes on one stream, also while the server drains: news of a change is no work."""

    async def __call__(self, changes: Changes) -> None:
        if self._over.is_set():
            await asyncio.sleep(0)  # who tells again and again would not let itself be cancelled
            return
        if not changes:
            return
        data = wire.subscribe_response_pb(changes).SerializeToString()
        check_receivable(data, self._stream)
        await self._send(data)

    async def run(self, source: Coroutine[Any, Any, None]) -> None:
        """
        Let the source tell until the call is cancelled or the instance ends; then stop the source.

        Raises:
            Exception: what the source raised.
            StatusError: the instance is ending.
        """
        await self._run(source)
