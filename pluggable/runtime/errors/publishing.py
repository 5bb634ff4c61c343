"""What publishing and subscribing refuse or cannot do."""

from __future__ import annotations

from collections.abc import Mapping

from ...errors import ComponentError
from ..gotext import go_name
from .base import BlockError


class PublishingError(BlockError):
    """Something about publishing to one broker; ``facts`` go to the application beside the sentence."""

    def __init__(self, message: str, pubsub: str, facts: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.pubsub = pubsub
        self.facts = facts


class PubSubNameEmptyError(PublishingError):
    """The request names no broker."""

    def __init__(self, facts: Mapping[str, str]) -> None:
        super().__init__("pubsub name is empty", "", facts)


class PubSubNotFoundError(PublishingError):
    """There is no broker of this name."""

    def __init__(self, pubsub: str) -> None:
        super().__init__(f"pubsub {pubsub} is not found", pubsub)


class TopicEmptyError(PublishingError):
    """The request names no topic."""

    def __init__(self, pubsub: str, facts: Mapping[str, str]) -> None:
        super().__init__(f"topic is empty in pubsub {pubsub}", pubsub, facts)


class PublishMetadataError(PublishingError):
    """The request's metadata says something that is no value of that property."""

    def __init__(self, pubsub: str, reason: str, facts: Mapping[str, str]) -> None:
        super().__init__(f"failed deserializing metadata. Error: {reason}", pubsub, facts)


class CloudEventError(PublishingError):
    """The data announced as JSON, or as a CloudEvent, is none."""

    def __init__(self, pubsub: str, app_id: str, reason: str) -> None:
        super().__init__("cannot create cloudevent", pubsub, {"appID": app_id, "error": reason})


class TopicForbiddenError(PublishingError):
    """The component's scopes keep this application from the topic."""

    def __init__(self, pubsub: str, topic: str, app_id: str) -> None:
        message = f"topic {topic} is not allowed for app id {app_id}"
        super().__init__(message, pubsub, {"topic": topic, "error": message})


class SubscriptionForbiddenError(PublishingError):
    """The component's scopes keep this application from subscribing to the topic."""

    def __init__(self, pubsub: str, topic: str) -> None:
        super().__init__(
            f"failed to create subscription for {pubsub}: "
            f"subscription to topic '{topic}' on pubsub '{pubsub}' is not allowed",
            pubsub,
            {"topic": topic},
        )


class PublishFailedError(PublishingError):
    """The broker did not take the message."""

    def __init__(self, pubsub: str, topic: str, cause: ComponentError) -> None:
        super().__init__(
            f"error when publishing to topic {topic} in pubsub {pubsub}: {cause}",
            pubsub,
            {"topic": topic, "error": str(cause)},
        )
        self.cause = cause


class EventsUnreadableError(PublishingError):
    """The body of a bulk publish is no list of messages."""

    def __init__(self, pubsub: str, topic: str, app_id: str, reason: str) -> None:
        super().__init__(
            f"error when unmarshaling the request for topic {topic} pubsub {pubsub}: {reason}",
            pubsub,
            {"appID": app_id},
        )


class EntryError(PublishingError):
    """A message of a bulk publish cannot be told from the others, or has no data that it could carry."""

    def __init__(self, pubsub: str, topic: str, app_id: str, reason: str) -> None:
        super().__init__(
            f"error marshaling events to bytes for topic {topic} pubsub {pubsub}. error: {reason}",
            pubsub,
            {"appID": app_id, "error": reason},
        )


class OutboxError(PublishingError):
    """A transaction could not be announced, so it was not committed."""

    def __init__(self, pubsub: str, app_id: str, cause: PublishingError) -> None:
        reason = str(cause)
        if isinstance(cause, PublishFailedError):
            reason = f"rpc error: code = {go_name(cause.cause.code)} desc = {cause.cause}"
        facts = {"appID": app_id, "error": reason}
        super().__init__(f"error while publishing outbox message: {reason}", pubsub, facts)
