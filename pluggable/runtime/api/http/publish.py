"""Publishing over HTTP."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from .... import pubsub
from ...apart import far_apart
from ...blocks.publish import Publishing
from ...cloudevents import DEFAULT_CONTENT_TYPE, media_type
from ...errors import EntryError, EventsUnreadableError, MalformedRequestError, PublishFailedError
from ..errors import TABLE
from ..jsontext import dump, is_cut_off, parsed
from ..trace import of_headers
from .fields import field_of, kind, text_of, texts_of
from .request import NO_CONTENT, Request, Response
from .router import Router


class PublishHandlers:
    """``/v1.0/publish``."""

    def __init__(self, block: Publishing, app_id: str) -> None:
        self._block = block
        self._app_id = app_id

    def add_to(self, router: Router) -> None:
        """Add the paths."""
        router.add("POST PUT", "/v1.0/publish/{pubsub}/{topic...}", self.publish)
        for version in ("v1.0", "v1.0-alpha1"):
            router.add("POST PUT", f"/{version}/publish/bulk/{{pubsub}}/{{topic...}}", self.publish_many)

    async def publish(self, request: Request, name: str, topic: str) -> Response:
        """Publish the body as one message."""
        target = self._block.target(name, topic, request.metadata())
        content_type = request.headers.get("content-type", "")
        await target.publish(request.body, content_type, of_headers(request.headers))
        return NO_CONTENT

    async def publish_many(self, request: Request, name: str, topic: str) -> Response:
        """Publish the messages of a list; the answer names those that failed."""
        target = self._block.target(name, topic, request.metadata())
        body = request.body
        entries = await far_apart(len(body), _entries, body, target.broker.name, target.topic, self._app_id)
        try:
            failed = await target.publish_many(entries, of_headers(request.headers))
        except PublishFailedError as error:
            failed = [
                pubsub.FailedEntry(entry_id=entry.entry_id, error=str(error.cause)) for entry in entries
            ]
        return _failed(failed) if failed else NO_CONTENT


def _entries(body: bytes, pubsub_name: str, topic: str, app_id: str) -> list[pubsub.BulkEntry]:
    try:
        items = parsed(body)
    except (ValueError, RecursionError) as error:
        cut_off = isinstance(error, json.JSONDecodeError) and is_cut_off(error)
        reason = ("unexpected EOF" if body.strip() else "EOF") if cut_off else str(error)
        raise EventsUnreadableError(pubsub_name, topic, app_id, reason) from error
    if items is not None and not isinstance(items, list):
        found = kind(items).split()[-1]
        reason = f"json: cannot unmarshal {found} into Go value of type []http.bulkPublishMessageEntry"
        raise EventsUnreadableError(pubsub_name, topic, app_id, reason)
    try:
        return [_entry(item) for item in items or ()]
    except MalformedRequestError as error:
        raise EventsUnreadableError(pubsub_name, topic, app_id, str(error)) from error
    except _DatalessError as error:
        raise EntryError(pubsub_name, topic, app_id, str(error)) from error


class _DatalessError(Exception):
    """An event that cannot be what its content type says."""


def _entry(item: Any) -> pubsub.BulkEntry:
    if not isinstance(item, dict):
        raise MalformedRequestError(f"an entry is {kind(item)}, an object is wanted")
    content_type = text_of(item, "contentType")
    return pubsub.BulkEntry(
        entry_id=text_of(item, "entryId"),
        data=_data(field_of(item, "event"), content_type),
        content_type=content_type,
        metadata=texts_of(item, "metadata"),
    )


def _data(event: Any, content_type: str) -> bytes:
    """Return the event's bytes: JSON for a JSON type, else a text as it is."""
    named = content_type or DEFAULT_CONTENT_TYPE
    bare = media_type(named)
    if bare == "application/json" or bare.endswith("+json"):
        return dump(event)
    if isinstance(event, str):
        return event.encode(errors="replace")
    raise _DatalessError(f"the event is {kind(event)}, a string is wanted for contentType {named}")


def _failed(entries: Sequence[pubsub.FailedEntry]) -> Response:
    row = TABLE[PublishFailedError]
    told = [{"entryId": entry.entry_id, "error": entry.error} for entry in entries]
    return Response(row.status, dump({"failedEntries": told, "errorCode": row.code}))
