"""Brokers on the wire: publishing, and the stream that messages are pulled by."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .._proto.dapr.proto.components.v1 import pubsub_pb2 as pb
from ..delivery import Accepted, Rejected
from ..metadata import Metadata
from ..pubsub import BulkEntry, BulkPublishRequest, FailedEntry, Message, PublishRequest, Topic
from .common import mapping, metadata_request, metadata_request_pb


@dataclass(frozen=True, slots=True)
class Ack:
    """What became of the message of this id."""

    message_id: str
    outcome: Accepted | Rejected


def init_request(message: pb.PubSubInitRequest, name: str = "") -> Metadata:
    """Return what the component is configured with."""
    return metadata_request(message.metadata, name)


def init_request_pb(metadata: Metadata) -> pb.PubSubInitRequest:
    """Pack what the component is configured with."""
    return pb.PubSubInitRequest(metadata=metadata_request_pb(metadata))


def publish_request(message: pb.PublishRequest) -> PublishRequest:
    """Return what to publish."""
    return PublishRequest(
        topic=message.topic,
        data=message.data,
        pubsub_name=message.pubsub_name,
        content_type=message.content_type or None,
        metadata=mapping(message.metadata),
    )


def publish_request_pb(request: PublishRequest) -> pb.PublishRequest:
    """Pack what to publish."""
    return pb.PublishRequest(
        data=request.data,
        pubsub_name=request.pubsub_name,
        topic=request.topic,
        metadata=dict(request.metadata) or None,
        content_type=request.content_type or "",
    )


def bulk_publish_request(message: pb.BulkPublishRequest) -> BulkPublishRequest:
    """Return the messages to publish."""
    return BulkPublishRequest(
        topic=message.topic,
        entries=[
            BulkEntry(
                entry_id=entry.entry_id,
                data=entry.event,
                content_type=entry.content_type,
                metadata=mapping(entry.metadata),
            )
            for entry in message.entries
        ],
        pubsub_name=message.pubsub_name,
        metadata=mapping(message.metadata),
    )


def bulk_publish_request_pb(request: BulkPublishRequest) -> pb.BulkPublishRequest:
    """Pack the messages to publish."""
    return pb.BulkPublishRequest(
        entries=[
            pb.BulkMessageEntry(
                entry_id=entry.entry_id,
                event=entry.data,
                content_type=entry.content_type,
                metadata=dict(entry.metadata) or None,
            )
            for entry in request.entries
        ],
        pubsub_name=request.pubsub_name,
        topic=request.topic,
        metadata=dict(request.metadata) or None,
    )


def bulk_publish_response(message: pb.BulkPublishResponse) -> list[FailedEntry]:
    """Return the messages that failed."""
    return [FailedEntry(entry_id=entry.entry_id, error=entry.error) for entry in message.failed_entries]


def bulk_publish_response_pb(failed: Iterable[FailedEntry]) -> pb.BulkPublishResponse:
    """Pack the messages that failed."""
    return pb.BulkPublishResponse(
        failed_entries=[
            pb.BulkPublishResponseFailedEntry(entry_id=entry.entry_id, error=entry.error) for entry in failed
        ]
    )


def pull_request(message: pb.PullMessagesRequest) -> Topic | Ack:
    """Return what the sidecar says: the topic with its first message, an answer with each that follows."""
    if message.HasField("topic"):
        return Topic(name=message.topic.name, metadata=mapping(message.topic.metadata))
    if message.HasField("ack_error"):
        return Ack(message.ack_message_id, Rejected(message.ack_error.message))
    return Ack(message.ack_message_id, Accepted())


def pull_request_pb(said: Topic | Ack) -> pb.PullMessagesRequest:
    """Pack what the sidecar says."""
    match said:
        case Topic():
            return pb.PullMessagesRequest(
                topic=pb.Topic(name=said.name, metadata=dict(said.metadata) or None)
            )
        case Ack(message_id, Rejected(reason)):
            return pb.PullMessagesRequest(
                ack_message_id=message_id, ack_error=pb.AckMessageError(message=reason)
            )
        case Ack(message_id, _):
            return pb.PullMessagesRequest(ack_message_id=message_id)


def pull_response(message: pb.PullMessagesResponse, data: bytes | None = None) -> tuple[str, Message]:
    """Return a message's id on its stream, and the message; huge data may have been taken out of it."""
    return message.id, Message(
        data=message.data if data is None else data,
        topic=message.topic_name,
        metadata=mapping(message.metadata),
        content_type=message.content_type or None,
    )


def pull_response_pb(message_id: str, message: Message) -> pb.PullMessagesResponse:
    """Pack a message under its id."""
    return pb.PullMessagesResponse(
        data=message.data,
        topic_name=message.topic,
        metadata=dict(message.metadata) or None,
        content_type=message.content_type or "",
        id=message_id,
    )
