"""An application over gRPC that notes what it is asked, on a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from google.protobuf.message import Message

from pluggable._proto.dapr.proto.common.v1 import common_pb2 as common
from pluggable._proto.dapr.proto.runtime.v1 import appcallback_pb2 as pb
from pluggable.runtime.appchannel.grpc import GRPCAppChannel
from pluggable.runtime.config import RuntimeConfig
from pluggable.transport import Handlers, Server, ServerCall, Unary, server

Handle = Callable[[Any], Awaitable[Message]]

CALLBACK = "/dapr.proto.runtime.v1.AppCallback/"
ALPHA = "/dapr.proto.runtime.v1.AppCallbackAlpha/"
HEALTH = "/dapr.proto.runtime.v1.AppCallbackHealthCheck/HealthCheck"
REQUESTS: Mapping[str, type[Message] | None] = {
    CALLBACK + "ListTopicSubscriptions": None,
    CALLBACK + "ListInputBindings": None,
    CALLBACK + "OnTopicEvent": pb.TopicEventRequest,
    CALLBACK + "OnBulkTopicEvent": pb.TopicEventBulkRequest,
    CALLBACK + "OnBindingEvent": pb.BindingEventRequest,
    CALLBACK + "OnInvoke": common.InvokeRequest,
    ALPHA + "OnBulkTopicEventAlpha1": pb.TopicEventBulkRequest,
    HEALTH: None,
}


class GRPCApp:
    """Serves the methods that it is given handlers for; the others it does not implement."""

    def __init__(self, **handlers: Handle) -> None:
        self.calls: list[tuple[str, Any, Mapping[str, str | bytes]]] = []
        self.asked = asyncio.Event()
        self._handlers = handlers
        self._server: Server | None = None

    @property
    def methods(self) -> list[str]:
        """The names of the methods that were called, in order."""
        return [name for name, _, _ in self.calls]

    @asynccontextmanager
    async def serving(self, port: int = 0) -> AsyncIterator[int]:
        serving = self._server = server(self._served())
        address = await serving.listen(f"127.0.0.1:{port}")
        await serving.start()
        try:
            yield int(address.rpartition(":")[2])
        finally:
            await serving.close()

    async def end(self) -> None:
        """Close every connection and listen no more, as a process that is killed does."""
        assert self._server is not None
        await self._server.close()

    @asynccontextmanager
    async def channel(self, **settings: Any) -> AsyncIterator[GRPCAppChannel]:
        async with self.serving() as port, grpc_channel(port, **settings) as channel:
            yield channel

    def _served(self) -> Handlers:
        return {
            path: Unary(self._answering(path.rpartition("/")[2], kind))
            for path, kind in REQUESTS.items()
            if path.rpartition("/")[2] in self._handlers
        }

    def _answering(
        self, name: str, kind: type[Message] | None
    ) -> Callable[[bytes, ServerCall], Awaitable[bytes]]:
        async def answer(request: bytes, call: ServerCall) -> bytes:
            message = kind.FromString(request) if kind else request
            self.calls.append((name, message, dict(call.metadata)))
            self.asked.set()
            return (await self._handlers[name](message)).SerializeToString()

        return answer


def grpc_channel(port: int, **settings: Any) -> GRPCAppChannel:
    """Return a channel to an application at a port."""
    values: dict[str, Any] = {"app_id": "shop", "app_port": port, "app_protocol": "grpc"} | settings
    return GRPCAppChannel(RuntimeConfig(**values))


def always(message: Message) -> Handle:
    """Answer everything with one message."""

    async def handle(_: Any) -> Message:
        return message

    return handle
