"""
A message's properties, as a request's metadata says them and as a delivery's metadata shows them.

Facts: components-contrib ``common/component/azure/servicebus/message.go`` and ``message_pubsub.go``.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any, Final
from urllib.parse import quote_plus

from azure.servicebus import ServiceBusMessage, ServiceBusReceivedMessage

from pluggable.metadata import parse_duration

_SESSION: Final = "SessionId"
_SCHEDULED: Final = "ScheduledEnqueueTimeUtc"
_TTL: Final = ("ttl", "ttlInSeconds")
#: Of two names for one property the first counts.
_PROPERTIES: Final[Mapping[str, str]] = {
    "MessageId": "message_id",
    "id": "message_id",
    "CorrelationId": "correlation_id",
    "correlationID": "correlation_id",
    _SESSION: "session_id",
    "Label": "subject",
    "ReplyTo": "reply_to",
    "To": "to",
    "PartitionKey": "partition_key",
    "ContentType": "content_type",
}
_SHOWN: Final = (
    ("CorrelationId", "correlation_id"),
    ("Label", "subject"),
    ("ReplyTo", "reply_to"),
    ("To", "to"),
    ("ContentType", "content_type"),
)


def message_of(
    data: bytes, metadata: Mapping[str, str], content_type: str | None = None
) -> ServiceBusMessage:
    """
    Return the message for a request; what metadata is no property of a message goes along as its own.

    Raises:
        ValueError: a time or a duration is none, or session and partition contradict each other.
    """
    found: dict[str, Any] = {"content_type": content_type} if content_type is not None else {}
    for name, field in _PROPERTIES.items():
        text = metadata.get(name)
        if text or (text is not None and name == _SESSION):
            if field != "content_type" and field in found:
                continue
            found[field] = text
    application: dict[str | bytes, Any] = {
        name: text
        for name, text in metadata.items()
        if text and name not in _PROPERTIES and name not in _TTL and name != _SCHEDULED
    }
    if text := next((metadata[name] for name in _TTL if metadata.get(name)), ""):
        found["time_to_live"] = _ttl(text)
    if text := metadata.get(_SCHEDULED, ""):
        found["scheduled_enqueue_time_utc"] = _time(text)
    session, partition = found.get("session_id"), found.get("partition_key")
    if session is not None and partition is not None and session != partition:
        raise ValueError(
            f"session id {session} and partition key {partition} should be equal when both present"
        )
    message = ServiceBusMessage(data, application_properties=application, **found)
    if "message_id" not in found:  # the client makes one up
        message.message_id = None
    return message


def body_of(message: ServiceBusReceivedMessage) -> bytes:
    """Return what a message carries."""
    body = message.body
    return bytes(body) if isinstance(body, bytes) else b"".join(bytes(part) for part in body)


def metadata_of(message: ServiceBusReceivedMessage) -> dict[str, str]:
    """Return the metadata that a broker's message is delivered with."""
    found = {f"metadata.{name}": text for name, text in _own(message).items()}
    if message.message_id:
        found["metadata.MessageId"] = message.message_id
    if message.session_id is not None:
        found["metadata.SessionId"] = message.session_id
    for name, field in _SHOWN:
        if text := getattr(message, field):
            found[f"metadata.{name}"] = text
    if message.lock_token is not None:
        token = uuid.UUID(str(message.lock_token)).bytes
        found["metadata.LockToken"] = base64.b64encode(token).decode()
    found["metadata.DeliveryCount"] = str(message.delivery_count or 0)
    if message.sequence_number is not None:
        found["metadata.SequenceNumber"] = str(message.sequence_number)
    if message.partition_key is not None:
        found["metadata.PartitionKey"] = message.partition_key
    for name, at in (
        ("EnqueuedTimeUtc", message.enqueued_time_utc),
        (_SCHEDULED, message.scheduled_enqueue_time_utc),
        ("LockedUntilUtc", message.locked_until_utc),
    ):
        if at is not None:
            found[f"metadata.{name}"] = format_datetime(at.astimezone(UTC), usegmt=True)
    return found


def event_metadata_of(message: ServiceBusReceivedMessage) -> dict[str, str]:
    """Return the metadata that a binding's event is delivered with: fit for a URL."""
    found = {"id": message.message_id or ""}
    if message.correlation_id is not None:
        found["correlationID"] = message.correlation_id
    if message.subject is not None:
        found["label"] = message.subject
    return found | {quote_plus(name): quote_plus(text) for name, text in _own(message, texts=True).items()}


def _own(message: ServiceBusReceivedMessage, *, texts: bool = False) -> dict[str, str]:
    """Return the properties that are the publisher's own, as texts; or only those that are texts."""
    return {
        _text(name): _text(value)
        for name, value in (message.application_properties or {}).items()
        if not texts or isinstance(value, (str, bytes))
    }


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def _ttl(text: str) -> timedelta:
    duration = parse_duration(text)
    return max(duration, timedelta())


def _time(text: str) -> datetime:
    at: datetime | None
    try:
        at = datetime.fromisoformat(text) if text[:1].isdigit() else parsedate_to_datetime(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise ValueError(f'{_SCHEDULED} is "{text}", wanted a time of HTTP or of RFC 3339')
    return at.astimezone(UTC)
