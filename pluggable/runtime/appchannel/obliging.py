"""
What an HTTP application asks for in its answer to a binding's event, as the API's reference has it.

``{"storeName": …, "state": [{"key": …, "value": …}], "to": […], "concurrency": "parallel", "data": …}``;
daprd heeds this of gRPC applications only, in fields of such names, and one over HTTP may rely on it here.
"""

from __future__ import annotations

import json
from typing import Any

from ... import state
from ..apart import apart
from .base import BindingAnswer


async def binding_answer_of(body: bytes) -> BindingAnswer:
    """Return the answer; a body that asks for nothing in these words is only handed back to the binding."""
    if b'"to"' not in body and b'"state"' not in body:
        return BindingAnswer(data=body)
    return await apart(len(body), _read, body)


def _read(body: bytes) -> BindingAnswer:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        return BindingAnswer(data=body)
    store, to = said.get("storeName"), said.get("to")
    return BindingAnswer(
        data=body,
        store=store if isinstance(store, str) else "",
        states=_states(said.get("state")) if isinstance(store, str) else (),
        to=tuple(to) if isinstance(to, list) and all(isinstance(name, str) for name in to) else (),
        payload=_json(said.get("data")),
        parallel=said.get("concurrency") == "parallel",
    )


def _states(items: Any) -> tuple[state.SetRequest, ...]:
    """Return what is to be stored; a list with anything else in it asks for nothing."""
    if not isinstance(items, list) or not all(_is_item(item) for item in items):
        return ()
    return tuple(state.SetRequest(key=item["key"], value=_json(item.get("value"))) for item in items)


def _is_item(item: Any) -> bool:
    return isinstance(item, dict) and isinstance(item.get("key"), str)


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
