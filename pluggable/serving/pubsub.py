"""Brokers on a socket."""

from __future__ import annotations

from typing import Any

from .._proto.dapr.proto.components.v1 import pubsub_pb2 as pb
from .._wire import names, pubsub as wire
from .._wire.names import path
from ..component import Component
from ..errors import ComponentError, InvalidRequestError
from ..pubsub import (
    BulkPublisher,
    BulkPublishRequest,
    FailedEntry,
    Message,
    Pausable,
    PublishRequest,
    PubSub,
    Topic,
)
from ..transport import Handler, ServerStream
from .acks import StreamDelivery
from .calls import Calls, receive_limit
from .instances import Instance


def handlers(calls: Calls[Any], kind: type[Component]) -> dict[str, Handler]:
    """Return what answers the calls for a broker; one that cannot pause has no such methods."""
    service = names.PUBSUB
    found: dict[str, Handler] = {
        path(service, "Init"): calls.init(pb.PubSubInitRequest, wire.init_request, pb.PubSubInitResponse()),
        path(service, "Features"): calls.features(),
        path(service, "Ping"): calls.ping(),
        path(service, "Publish"): calls.unary(pb.PublishRequest, publish),
        path(service, "BulkPublish"): calls.unary(pb.BulkPublishRequest, bulk_publish),
        path(service, "PullMessages"): calls.stream(pull_messages),
    }
    if issubclass(kind, Pausable):
        found[path(service, "Pause")] = calls.unary(pb.PauseRequest, pause)
        found[path(service, "Resume")] = calls.unary(pb.ResumeRequest, resume)
    return found


async def publish(broker: PubSub, message: pb.PublishRequest) -> pb.PublishResponse:
    """Answer Publish."""
    await broker.publish(wire.publish_request(message))
    return pb.PublishResponse()


async def bulk_publish(broker: PubSub, message: pb.BulkPublishRequest) -> pb.BulkPublishResponse:
    """Answer BulkPublish; where the broker has no way of its own, the messages are published in order."""
    request = wire.bulk_publish_request(message)
    if isinstance(broker, BulkPublisher):
        return wire.bulk_publish_response_pb(await broker.bulk_publish(request))
    return wire.bulk_publish_response_pb(await _one_by_one(broker, request))


async def pull_messages(instance: Instance[Any], stream: ServerStream) -> None:
    """Answer PullMessages: the first message names the topic, the others answer what was delivered."""
    if (first := await stream.receive()) is None:
        return
    topic = wire.pull_request(pb.PullMessagesRequest.FromString(first))
    if not isinstance(topic, Topic):
        raise InvalidRequestError("the first message of PullMessages names no topic; send the topic first")
    broker: PubSub = instance.component
    if isinstance(broker, Pausable) and not instance.paused:
        # A daprd pauses when it stops, and never resumes: its next life begins with this.
        await broker.resume()
    delivery: StreamDelivery[Message] = StreamDelivery(
        stream, instance, wire.pull_response_pb, limit_bytes=receive_limit(stream)
    )
    await delivery.run(broker.subscribe(topic, instance.observed(delivery)), _answer)


async def pause(broker: Pausable, _: pb.PauseRequest) -> pb.PauseResponse:
    """Answer Pause."""
    await broker.pause()
    return pb.PauseResponse()


async def resume(broker: Pausable, _: pb.ResumeRequest) -> pb.ResumeResponse:
    """Answer Resume."""
    await broker.resume()
    return pb.ResumeResponse()


def _answer(data: bytes) -> wire.Ack | None:
    """Return an answer; the topic is named once, and counts for nothing later."""
    said = wire.pull_request(pb.PullMessagesRequest.FromString(data))
    return None if isinstance(said, Topic) else said


async def _one_by_one(broker: PubSub, request: BulkPublishRequest) -> list[FailedEntry]:
    failed = []
    for entry in request.entries:
        try:
            await broker.publish(
                PublishRequest(
                    topic=request.topic,
                    data=entry.data,
                    pubsub_name=request.pubsub_name,
                    content_type=entry.content_type or None,
                    metadata={**request.metadata, **entry.metadata},
                )
            )
        except ComponentError as error:
            failed.append(FailedEntry(entry_id=entry.entry_id, error=str(error)))
    return failed
