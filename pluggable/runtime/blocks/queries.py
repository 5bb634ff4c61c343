"""A query as the application writes it, in Dapr's JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ... import state
from ..errors import QueryFailedError


def query_request(store: str, text: str | bytes, metadata: Mapping[str, str]) -> state.QueryRequest:
    """
    Return what the text asks for.

    Raises:
        QueryFailedError: it is no query.
    """
    try:
        query = json.loads(text)
        page = query.get("page") or {}
        return state.QueryRequest(
            filter=_mapping(query.get("filter") or {}),
            sort=[_sort(item) for item in query.get("sort") or ()],
            limit=int(page.get("limit") or 0),
            token=str(page.get("token") or ""),
            metadata=metadata,
        )
    except (ValueError, TypeError, AttributeError, KeyError, OverflowError, RecursionError) as error:
        raise QueryFailedError(store, f"failed to parse JSON query body: {error}") from error


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise TypeError(f"filter is {type(value).__name__}, an object is wanted")
    return value


def _sort(item: Any) -> tuple[str, state.SortOrder]:
    descending = str(item.get("order") or "").upper() == "DESC"
    return str(item["key"]), state.SortOrder.DESC if descending else state.SortOrder.ASC
