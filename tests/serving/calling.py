"""A client that speaks to a component server as daprd does, message by message."""

from __future__ import annotations

from typing import Any, TypeVar

from google.protobuf.message import Message

from pluggable._proto.dapr.proto.components.v1 import bindings_pb2, common_pb2, pubsub_pb2, state_pb2
from pluggable._wire import names
from pluggable.transport import Channel, ClientStream, Pairs

A = TypeVar("A", bound=Message)

INIT: dict[str, Any] = {
    names.STATE_STORE: state_pb2.InitRequest,
    names.PUBSUB: pubsub_pb2.PubSubInitRequest,
    names.INPUT_BINDING: bindings_pb2.InputBindingInitRequest,
    names.OUTPUT_BINDING: bindings_pb2.OutputBindingInitRequest,
}


class Caller:
    """Calls one instance of a component, as one client."""

    def __init__(self, channel: Channel, *, instance: str = "orders", client: str = "") -> None:
        self.channel = channel
        self.metadata: Pairs = [(names.INSTANCE_HEADER, instance)]
        if client:
            self.metadata = [*self.metadata, (names.CLIENT_HEADER, client)]

    def other(self, *, instance: str = "orders", client: str = "") -> Caller:
        return Caller(self.channel, instance=instance, client=client)

    async def call(self, service: str, method: str, request: Message, answer: type[A]) -> A:
        data = await self.channel.unary(
            names.path(service, method), request.SerializeToString(), metadata=self.metadata, timeout=5
        )
        return answer.FromString(data)

    async def init(self, service: str = names.STATE_STORE, **properties: str) -> None:
        request = INIT[service](metadata=common_pb2.MetadataRequest(properties=properties))
        await self.call(service, "Init", request, state_pb2.InitResponse)

    async def get(self, key: str) -> bytes:
        request = state_pb2.GetRequest(key=key)
        return (await self.call(names.STATE_STORE, "Get", request, state_pb2.GetResponse)).data

    async def pull(self, topic: str) -> Puller:
        stream = self.channel.stream(names.path(names.PUBSUB, "PullMessages"), metadata=self.metadata)
        first = pubsub_pb2.PullMessagesRequest(topic=pubsub_pb2.Topic(name=topic))
        await stream.send(first.SerializeToString())
        return Puller(stream)


class Puller:
    """The far end of a stream of messages."""

    def __init__(self, stream: ClientStream) -> None:
        self.stream = stream

    async def receive(self) -> pubsub_pb2.PullMessagesResponse:
        data = await self.stream.receive()
        assert data is not None, "the stream has ended"
        return pubsub_pb2.PullMessagesResponse.FromString(data)

    async def answer(self, id_: str, error: str | None = None) -> None:
        answer = pubsub_pb2.PullMessagesRequest(ack_message_id=id_)
        if error is not None:
            answer.ack_error.message = error
        await self.stream.send(answer.SerializeToString())
