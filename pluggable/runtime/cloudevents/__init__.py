"""CloudEvents as Dapr writes and reads them: what goes around a message, and what comes back."""

from __future__ import annotations

from .attributes import (
    CLOUD_EVENT_TYPE as CLOUD_EVENT_TYPE,
    DEFAULT_CONTENT_TYPE as DEFAULT_CONTENT_TYPE,
    NO_TRACE as NO_TRACE,
    is_trace_parent as is_trace_parent,
    media_type as media_type,
)
from .envelope import from_event as from_event, new_event as new_event
from .received import Incoming as Incoming, expired as expired, incoming as incoming
from .rewriting import attribute as attribute, rewritten as rewritten
