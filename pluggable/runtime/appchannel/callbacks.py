"""
What a gRPC application is told and answers, as the messages of ``AppCallback``.

Sources: dapr/dapr ``pkg/runtime/pubsub/subscriptions.go``, ``pkg/runtime/processor/binding/send.go``.
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Mapping
from typing import Any, Final

from ... import bindings, state
from ..._proto.dapr.proto.common.v1 import common_pb2 as common
from ..._proto.dapr.proto.runtime.v1 import appcallback_pb2 as pb
from ..._proto.google.protobuf import any_pb2, struct_pb2
from ..cloudevents import CLOUD_EVENT_TYPE, media_type
from ..gotext import escaped
from .base import BindingAnswer, BulkEntry, BulkEvent, TopicEvent
from .bulk import BULK_EVENT_TYPE
from .errors import AppError

#: Attributes with fields of their own; all others are extensions.
_OWN: Final = frozenset({"id", "source", "datacontenttype", "type", "specversion", "data", "data_base64"})


class EventDataError(AppError):
    """An event whose data is not what its content type says, so that it cannot be handed over."""


def setting_changed(store: str, key: str, event: bytes) -> bytes:
    """Return an ``InvokeRequest``: a gRPC application hears of settings like of a call over HTTP."""
    return common.InvokeRequest(
        method=f"/configuration/{store}/{key}",
        data=any_pb2.Any(value=event),
        content_type="application/json",
        http_extension=common.HTTPExtension(verb=common.HTTPExtension.POST),
    ).SerializeToString()


def topic_event(path: str, event: TopicEvent) -> bytes:
    """
    Return a ``TopicEventRequest``.

    Raises:
        EventDataError: the data cannot be handed over.
    """
    return topic_event_pb(path, event).SerializeToString()


def topic_event_pb(path: str, event: TopicEvent) -> pb.TopicEventRequest:
    """
    Return a message for the application, with the route that was found for it.

    Raises:
        EventDataError: the data cannot be handed over.
    """
    return pb.TopicEventRequest(
        **_event_fields(event.content.whole()), topic=event.topic, pubsub_name=event.pubsub, path=path
    )


def bulk_event(path: str, bulk: BulkEvent) -> bytes:
    """
    Return a ``TopicEventBulkRequest``.

    Raises:
        EventDataError: the data of one of the events cannot be handed over.
    """
    message = pb.TopicEventBulkRequest(
        id=str(uuid.uuid4()),
        entries=[_entry(entry) for entry in bulk.entries],
        metadata=dict(bulk.metadata),
        topic=bulk.topic,
        pubsub_name=bulk.pubsub,
        type=BULK_EVENT_TYPE,
        path=path,
    )
    return message.SerializeToString()


def binding_event(name: str, event: bindings.Event) -> bytes:
    """Return a ``BindingEventRequest``."""
    message = pb.BindingEventRequest(name=name, data=event.data, metadata=dict(event.metadata))
    return message.SerializeToString()


def binding_answer(message: pb.BindingEventResponse) -> BindingAnswer:
    """Return what the application answers to a binding's event."""
    states = [
        state.SetRequest(
            key=item.key,
            value=item.value,
            etag=item.etag.value if item.HasField("etag") else None,
            metadata=dict(item.metadata),
        )
        for item in message.states
    ]
    return BindingAnswer(
        data=message.data,
        store=message.store_name,
        states=states,
        to=tuple(message.to),
        payload=message.data,
        parallel=message.concurrency == pb.BindingEventResponse.PARALLEL,
    )


def _entry(entry: BulkEntry) -> pb.TopicEventBulkRequestEntry:
    found = pb.TopicEventBulkRequestEntry(
        entry_id=entry.entry_id, content_type=entry.content_type, metadata=dict(entry.metadata)
    )
    if entry.content is None:
        found.bytes = entry.data
        return found
    found.cloud_event.CopyFrom(pb.TopicEventCERequest(**_event_fields(entry.content.whole())))
    return found


def _text(attributes: Mapping[str, Any], name: str) -> str:
    found = attributes.get(name)
    return _sendable(found) if isinstance(found, str) else ""


def _event_fields(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return what both messages that carry an event have in common."""
    return {
        "id": _text(attributes, "id"),
        "source": _text(attributes, "source"),
        "type": _text(attributes, "type"),
        "spec_version": _text(attributes, "specversion"),
        "data_content_type": _text(attributes, "datacontenttype"),
        "data": _data(attributes),
        "extensions": _extensions(attributes),
    }


def _data(attributes: Mapping[str, Any]) -> bytes:
    """Return an event's data: of JSON and of text, and bytes; of anything else nothing, as with daprd."""
    encoded = attributes.get("data_base64")
    if encoded is not None:
        return _decoded(encoded)
    data = attributes.get("data")
    if data is None:
        return b""
    content_type = _text(attributes, "datacontenttype")
    media = media_type(content_type)
    if media.startswith("text/") or media == "application/xml":
        if not isinstance(data, str):
            raise EventDataError(
                f"the event's data is {type(data).__name__} in JSON, and a text by its type {content_type}"
            )
        return data.encode("utf-8", "replace")
    if media in ("application/json", CLOUD_EVENT_TYPE):
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        return escaped(text.encode("utf-8", "replace"))
    return b""


def _decoded(encoded: Any) -> bytes:
    if not isinstance(encoded, str):
        raise EventDataError(f"the event's data_base64 is {type(encoded).__name__} in JSON, not a string")
    try:
        return base64.b64decode(encoded, validate=True)
    except ValueError as error:
        raise EventDataError(f"the event's data_base64 is no base64: {error}") from error


def _extensions(attributes: Mapping[str, Any]) -> struct_pb2.Struct:
    """Return what the message has no field for."""
    found = struct_pb2.Struct()
    for name, value in attributes.items():
        if name not in _OWN:
            _put(found.fields[_sendable(name)], value)
    return found


def _put(field: struct_pb2.Value, value: Any) -> None:
    match value:
        case None:
            field.null_value = struct_pb2.NULL_VALUE
        case bool():
            field.bool_value = value
        case int() | float():
            try:
                field.number_value = float(value)
            except OverflowError:
                field.string_value = str(value)
        case str():
            field.string_value = _sendable(value)
        case dict():
            field.struct_value.SetInParent()
            for name, each in value.items():
                _put(field.struct_value.fields[_sendable(name)], each)
        case list():
            field.list_value.SetInParent()
            for each in value:
                _put(field.list_value.values.add(), each)


def _sendable(text: str) -> str:
    """Return a text without halves of characters, which JSON can have and protobuf cannot."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
