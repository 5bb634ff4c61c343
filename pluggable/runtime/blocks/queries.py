"""A query as the application writes it, in Dapr's JSON, checked before any store sees it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from ... import state
from ..errors import QueryFailedError
from ..gotext import no_constant

#: The largest number that a page's limit can be on the wire.
LARGEST_LIMIT: Final = 2**63 - 1
_COMPARISONS: Final = frozenset({"EQ", "NEQ", "GT", "GTE", "LT", "LTE", "IN"})
_JUNCTIONS: Final = frozenset({"AND", "OR"})
_KINDS: Final = {
    dict: "an object",
    list: "an array",
    str: "a text",
    bool: "a truth value",
    type(None): "null",
}

_decode = json.JSONDecoder(parse_constant=no_constant).decode


def query_request(store: str, text: str | bytes, metadata: Mapping[str, str]) -> state.QueryRequest:
    """
    Return what the text asks for.

    The sentences for a faulty filter are daprd's. Source: components-contrib ``state/query``.

    Raises:
        QueryFailedError: it is no query.
    """
    try:
        written = text if isinstance(text, str) else text.decode()
        query = _object(_decode(written), "the query")
        filter_ = _object(query.get("filter"), "filter")
        if filter_:
            _check(filter_)
        page = _object(query.get("page"), "page")
        return state.QueryRequest(
            filter=filter_,
            sort=[_sort(_object(item, "an item of sort")) for item in _array(query.get("sort"), "sort")],
            limit=_limit(page.get("limit")),
            token=_text(page.get("token"), "page.token"),
            metadata=metadata,
        )
    except (ValueError, RecursionError) as error:
        raise QueryFailedError(store, f"failed to parse JSON query body: {error}") from error


def _check(unit: Any) -> None:
    """Return if this is a filter: one operator with its operand, which may be filters in turn."""
    if not isinstance(unit, dict):
        raise ValueError("filter unit must be a map")  # noqa: TRY004  one error for no query
    if len(unit) != 1:
        raise ValueError("filter unit must have a single element")
    [(operator, operand)] = unit.items()
    if operator in _JUNCTIONS:
        if not isinstance(operand, list):
            raise ValueError(f"{operator} filter must be an array")
        if len(operand) < 2:
            raise ValueError(f"{operator} filter must contain at least two entries")
        for each in operand:
            _check(each)
        return
    if operator not in _COMPARISONS:
        raise ValueError(f'unsupported filter "{operator}"')
    if not isinstance(operand, dict):
        raise ValueError(f"{operator} filter must be a map")  # noqa: TRY004
    if len(operand) != 1:
        raise ValueError(f"{operator} filter must contain a single key/value pair")
    if operator == "IN" and not isinstance(next(iter(operand.values())), list):
        raise ValueError("IN filter value must be an array")


def _sort(item: dict[str, Any]) -> tuple[str, state.SortOrder]:
    key = _text(item.get("key"), "key of an item of sort")
    if not key:
        raise ValueError("an item of sort has no key")
    descending = _text(item.get("order"), "order of an item of sort").upper() == "DESC"
    return key, state.SortOrder.DESC if descending else state.SortOrder.ASC


def _limit(value: Any) -> int:
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"page.limit is {_kind(value)}, a whole number is wanted")  # noqa: TRY004
    if not 0 <= value <= LARGEST_LIMIT:
        raise ValueError(f"page.limit is {value}, wanted 0 to {LARGEST_LIMIT}")
    return value


def _object(value: Any, what: str) -> dict[str, Any]:
    if value is None:
        return {}
    if isinstance(value, dict):
        return value
    raise ValueError(f"{what} is {_kind(value)}, an object is wanted")


def _array(value: Any, what: str) -> list[Any]:
    if value is None:
        return []
    if isinstance(value, list):
        return value
    raise ValueError(f"{what} is {_kind(value)}, an array is wanted")


def _text(value: Any, what: str) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    raise ValueError(f"{what} is {_kind(value)}, a text is wanted")


def _kind(value: Any) -> str:
    return _KINDS.get(type(value), "a number")
