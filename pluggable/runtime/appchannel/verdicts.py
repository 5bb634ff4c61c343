"""
What an application says of messages, as the status and the body of its HTTP answer have it.

Source: dapr/dapr ``pkg/runtime/subscription/postman/http/http.go``.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any, Final

from ..apart import apart
from ..http1 import Answer as Response
from .base import Answer, BulkEvent, Verdict

#: How much of an application's complaint is repeated in ours.
SHOWN_BYTES = 500

_SUCCESS: Final = Answer(Verdict.SUCCESS)

logger: logging.Logger = logging.getLogger(__name__)


async def answer_of(response: Response) -> Answer:
    """Return what the application says of one message; an answer without a status in it is a good one."""
    status, body = response.status, response.body
    if not 200 <= status < 300:
        return refusal_of(response)
    if not body:
        return _SUCCESS
    match await apart(len(body), _status, body):
        case "" | "SUCCESS":
            return _SUCCESS
        case found:
            return worded(found)


async def answers_of(response: Response, bulk: BulkEvent) -> list[Answer]:
    """
    Return what the application says of each of several messages, in their order.

    Here silence is no consent: an entry that is not named in the answer is to be delivered again.
    """
    if not 200 <= response.status < 300:
        return [refusal_of(response)] * len(bulk.entries)
    said = await apart(len(response.body), _statuses, response.body)
    if isinstance(said, str):
        return [Answer(Verdict.RETRY, f"failed unmarshalling app response for bulk subscribe: {said}")] * len(
            bulk.entries
        )
    return answers_by_entry(said, bulk)


def answers_by_entry(said: Mapping[str, Answer], bulk: BulkEvent) -> list[Answer]:
    """Return the answers in the order of the entries; one that the application left out is to come again."""
    known = {entry.entry_id for entry in bulk.entries}
    for entry_id in said.keys() - known:
        logger.warning("Invalid entry id received from app while processing pub/sub event %s", entry_id)
    return [
        said.get(entry.entry_id)
        or Answer(
            Verdict.RETRY,
            "response not received, RETRY required while processing bulk subscribe event "
            f"for entry id: {entry.entry_id}",
        )
        for entry in bulk.entries
    ]


def refusal_of(response: Response) -> Answer:
    """Return what an answer that is no success says: 404 is no wish to have the message again."""
    reason = f"status code returned: {response.status}, body: {shown(response.body)}"
    return Answer(Verdict.DROP if response.status == 404 else Verdict.RETRY, reason)


def worded(status: str) -> Answer:
    """Return the verdict of this name; one that nobody knows is to be delivered again."""
    match status:
        case "SUCCESS":
            return _SUCCESS
        case "RETRY":
            return Answer(Verdict.RETRY, "RETRY status returned from app")
        case "DROP":
            return Answer(Verdict.DROP, "DROP status returned from app")
    return Answer(Verdict.RETRY, f"unknown status returned from app: {status[:SHOWN_BYTES]}")


def shown(body: bytes) -> str:
    """Return the begin of an answer, for a sentence."""
    return body[:SHOWN_BYTES].decode("utf-8", "replace")


def _status(body: bytes) -> str:
    """Return the ``status`` in an answer; a body that is something else is of no concern."""
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    return _text(parsed, "status")


def _statuses(body: bytes) -> dict[str, Answer] | str:
    """Return the answers by entry id, or what is wrong with the body."""
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError) as error:
        return f"{error}; it begins {shown(body[:80])!r}"
    if not isinstance(parsed, dict):
        return f"a JSON object with statuses is wanted; it begins {shown(body[:80])!r}"
    statuses = _member(parsed, "statuses") or []
    if not isinstance(statuses, list):
        return f"statuses is {str(statuses)[:80]!r}, a list is wanted"
    return {_text(each, "entryid"): worded(_text(each, "status") or "RETRY") for each in statuses}


def _text(parsed: Any, name: str) -> str:
    """Return a member of a JSON object, its name in any case; empty if it is no text."""
    found = _member(parsed, name) if isinstance(parsed, dict) else ""
    return found if isinstance(found, str) else ""


def _member(parsed: Mapping[str, Any], name: str) -> Any:
    return next((value for key, value in parsed.items() if key.lower() == name), None)
