"""What a transaction becomes with an outbox: events to announce, and markers to store beside its values."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ... import state
from ..._settings import parse_bool
from .. import cloudevents
from ..gotext import plain
from .publish import Trace

Operation = state.SetRequest | state.DeleteRequest

#: What an event's id begins with, which is the key of its marker too.
PREFIX: Final = "outbox-"
#: The metadata of a value that is published in place of the stored one, and not stored itself.
PROJECTION: Final = "outbox.projection"
#: What a marker holds; that there is something is all that counts.
MARK: Final = b'"0"'
_JSON: Final = "application/json"
_OVERRIDE: Final = "cloudevent."
#: What metadata cannot change: the data, and the id by which the marker is found.
_FIXED: Final = frozenset({"data", "id"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who announces, where, and in the course of what."""

    app_id: str
    pubsub: str
    trace: Trace


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A transaction with its markers, and the event of each value it stores."""

    operations: Sequence[Operation]
    events: Sequence[bytes]


def prepared(operations: Sequence[Operation], sender: Sender, *, as_json: bool) -> Prepared:
    """Return what to commit and the events to announce before; ``as_json``: the values are JSON texts."""
    projections = {each.key: each for each in operations if _is_projection(each)}
    stored = [each for each in operations if not _is_projection(each)]
    markers: list[Operation] = []
    events = []
    for operation in stored:
        if isinstance(operation, state.SetRequest):
            marker = state.SetRequest(key=f"{PREFIX}{uuid.uuid4()}", value=MARK)
            markers.append(marker)
            shown = projections.get(operation.key, operation)
            events.append(_event(marker.key, shown, operation.metadata, sender, as_json))
    return Prepared(operations=[*stored, *markers], events=events)


def _is_projection(operation: Operation) -> bool:
    return isinstance(operation, state.SetRequest) and parse_bool(operation.metadata.get(PROJECTION, ""))


def _event(id_: str, shown: Operation, metadata: Mapping[str, str], sender: Sender, as_json: bool) -> bytes:
    assert isinstance(shown, state.SetRequest)
    content_type = shown.content_type or shown.metadata.get("contentType", "")
    data = shown.value
    if as_json and not content_type and data[:1] in (b"{", b"["):
        content_type = _JSON
    if as_json and cloudevents.media_type(content_type) != _JSON:
        data = plain(data)
    event = cloudevents.new_event(
        data=data,
        content_type=content_type,
        topic="",
        pubsub=sender.pubsub,
        source=sender.app_id,
        metadata={},
        trace_parent=sender.trace.parent,
        trace_state=sender.trace.state,
    )
    return cloudevents.rewritten(event, {**_attributes(metadata), "id": id_})


def _attributes(metadata: Mapping[str, str]) -> dict[str, str]:
    """Return the attributes that metadata adds: under its own names, and those that it names."""
    found = {name: value for name, value in metadata.items() if name not in _FIXED}
    named = {name[len(_OVERRIDE) :]: value for name, value in metadata.items() if name.startswith(_OVERRIDE)}
    return found | {name: value for name, value in named.items() if name and name not in _FIXED}
