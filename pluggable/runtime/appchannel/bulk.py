"""
The envelope in which an HTTP application gets several messages at once.

Source: dapr/dapr ``pkg/runtime/pubsub/bulksubscribe_events.go``. daprd writes ``null`` where an entry has no
metadata, which typed frameworks refuse; here it is an empty object.
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Mapping
from typing import Final

from ..cloudevents import CLOUD_EVENT_TYPE
from ..gotext import escaped
from .base import BulkEntry, BulkEvent

BULK_EVENT_TYPE: Final = "com.dapr.event.sent.bulk"
RAW_TYPE: Final = "application/octet-stream"


def bulk_envelope(bulk: BulkEvent) -> bytes:
    """Return the messages as one JSON text; CloudEvents in it are as they came."""
    head = b'{"entries":['
    foot = (
        f'],"id":"{uuid.uuid4()}","metadata":{_object(bulk.metadata)},"pubsubname":{_text(bulk.pubsub)},'
        f'"topic":{_text(bulk.topic)},"type":"{BULK_EVENT_TYPE}"}}'
    )
    return b"".join((head, b",".join(map(_entry, bulk.entries)), escaped(foot.encode("utf-8", "replace"))))


def _entry(entry: BulkEntry) -> bytes:
    if entry.content is not None:
        kind, event = CLOUD_EVENT_TYPE, entry.content.body
    else:
        kind, event = RAW_TYPE, b'"' + base64.b64encode(entry.data) + b'"'
    head = f'{{"entryId":{_text(entry.entry_id)},"event":'
    foot = f',"metadata":{_object(entry.metadata)},"contentType":{_text(entry.content_type or kind)}}}'
    return b"".join(
        (escaped(head.encode("utf-8", "replace")), event, escaped(foot.encode("utf-8", "replace")))
    )


def _object(texts: Mapping[str, str]) -> str:
    return json.dumps(dict(texts), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
