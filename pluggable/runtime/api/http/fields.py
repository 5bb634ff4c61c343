"""Fields of JSON bodies, read with a sentence for each that is not what it should be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .... import state
from ....metadata import NO_METADATA
from ...errors import MalformedRequestError

_KINDS = {
    dict: "an object",
    list: "an array",
    str: "a string",
    bool: "a boolean",
    int: "a number",
    float: "a number",
}
_CONCURRENCY = {
    "": state.Concurrency.UNSPECIFIED,
    "first-write": state.Concurrency.FIRST_WRITE,
    "last-write": state.Concurrency.LAST_WRITE,
}
_CONSISTENCY = {
    "": state.Consistency.UNSPECIFIED,
    "eventual": state.Consistency.EVENTUAL,
    "strong": state.Consistency.STRONG,
}


def kind(value: Any) -> str:
    """Return what a JSON value is, for a sentence."""
    return "null" if value is None else _KINDS[type(value)]


def object_of(value: Any, what: str) -> dict[str, Any]:
    """
    Return the value as an object.

    Raises:
        MalformedRequestError: it is something else.
    """
    if isinstance(value, dict):
        return value
    raise MalformedRequestError(f"{what} is {kind(value)}, an object is wanted")


def named(fields: dict[str, Any], names: frozenset[str]) -> dict[str, Any]:
    """
    Return the fields by these names, in whatever case they are written: Go, whose API it is, takes any.

    Dapr's own JavaScript client lives on that.
    """
    if fields.keys() <= names:
        return fields
    spelled = {name.lower(): name for name in names}
    return {spelled.get(name.lower(), name): value for name, value in fields.items()}


def array_of(value: Any, what: str) -> list[Any]:
    """
    Return the value as an array, an empty one for null.

    Raises:
        MalformedRequestError: it is something else.
    """
    if isinstance(value, list):
        return value
    if value is None:
        return []
    raise MalformedRequestError(f"{what} is {kind(value)}, an array is wanted")


def text_of(fields: Mapping[str, Any], name: str) -> str:
    """
    Return the field's text, empty where it is absent or null.

    Raises:
        MalformedRequestError: it is something else.
    """
    value = fields.get(name)
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    raise MalformedRequestError(f'"{name}" is {kind(value)}, a string is wanted')


def texts_of(fields: Mapping[str, Any], name: str) -> Mapping[str, str]:
    """
    Return the field's map from texts to texts, an empty one where it is absent or null.

    Raises:
        MalformedRequestError: it is something else.
    """
    value = fields.get(name)
    if value is None:
        return NO_METADATA
    found = object_of(value, f'"{name}"')
    for key, item in found.items():
        if not isinstance(item, str):
            raise MalformedRequestError(f'"{name}.{key}" is {kind(item)}, a string is wanted')
    return found


def concurrency_of(text: str) -> state.Concurrency:
    """
    Return the concurrency by Dapr's word for it.

    Raises:
        MalformedRequestError: it is none.
    """
    try:
        return _CONCURRENCY[text]
    except KeyError:
        message = f"unrecognized concurrency model '{text}'; first-write and last-write are known"
        raise MalformedRequestError(message) from None


def consistency_of(text: str) -> state.Consistency:
    """
    Return the consistency by Dapr's word for it.

    Raises:
        MalformedRequestError: it is none.
    """
    try:
        return _CONSISTENCY[text]
    except KeyError:
        message = f"unrecognized consistency model '{text}'; strong and eventual are known"
        raise MalformedRequestError(message) from None
