"""The table's rows for publish and subscribe (dapr: ``pkg/api/errors/pubsub.go``)."""

from __future__ import annotations

from ....transport import Code
from ... import errors
from ..details import Detail, ResourceInfo
from .row import Row


def _broker(error: errors.PublishingError) -> tuple[Detail, ...]:
    return (ResourceInfo("pubsub", error.pubsub, str(error)),)


PUBLISHING_ROWS: dict[type[errors.BlockError], Row] = {
    errors.PubSubNotFoundError: Row(
        404, "ERR_PUBSUB_NOT_FOUND", Code.INVALID_ARGUMENT, "DAPR_PUBSUB_NOT_FOUND"
    ),
    errors.PubSubNameEmptyError: Row(
        404, "ERR_PUBSUB_EMPTY", Code.INVALID_ARGUMENT, "DAPR_PUBSUB_NAME_EMPTY", _broker
    ),
    errors.TopicEmptyError: Row(
        404, "ERR_TOPIC_NAME_EMPTY", Code.INVALID_ARGUMENT, "DAPR_PUBSUB_TOPIC_NAME_EMPTY", _broker
    ),
    errors.PublishMetadataError: Row(
        400,
        "ERR_PUBSUB_REQUEST_METADATA",
        Code.INVALID_ARGUMENT,
        "DAPR_PUBSUB_METADATA_DESERIALIZATION",
        _broker,
    ),
    errors.CloudEventError: Row(
        500,
        "ERR_PUBSUB_CLOUD_EVENTS_SER",
        Code.INVALID_ARGUMENT,
        "DAPR_PUBSUB_CLOUD_EVENT_CREATION",
        _broker,
    ),
    errors.TopicForbiddenError: Row(
        403, "ERR_PUBSUB_FORBIDDEN", Code.PERMISSION_DENIED, "DAPR_PUBSUB_FORBIDDEN", _broker
    ),
    errors.SubscriptionForbiddenError: Row(
        403, "ERR_PUBSUB_FORBIDDEN", Code.PERMISSION_DENIED, "DAPR_PUBSUB_FORBIDDEN", _broker
    ),
    errors.PublishFailedError: Row(
        500, "ERR_PUBSUB_PUBLISH_MESSAGE", Code.INTERNAL, "DAPR_PUBSUB_PUBLISH_MESSAGE", _broker
    ),
    errors.EventsUnreadableError: Row(
        400, "ERR_PUBSUB_EVENTS_SER", Code.INVALID_ARGUMENT, "DAPR_PUBSUB_UNMARSHAL_EVENTS", _broker
    ),
    errors.EntryError: Row(
        400, "ERR_PUBSUB_EVENTS_SER", Code.INVALID_ARGUMENT, "DAPR_PUBSUB_MARSHAL_EVENTS", _broker
    ),
    errors.OutboxError: Row(500, "ERR_PUBLISH_OUTBOX", Code.INTERNAL, "DAPR_PUBSUB_OUTBOX"),
}
