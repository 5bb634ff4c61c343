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
CONSISTENCY = {
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


def field_of(fields: Mapping[str, Any], name: str) -> Any:
    """Return the field's value, its name in any case, as daprd reads it; ``None`` where it is absent."""
    if name in fields:
        return fields[name]
    wanted = name.lower()
    return next((value for key, value in fields.items() if key.lower() == wanted), None)


def text_of(fields: Mapping[str, Any], name: str) -> str:
    """
    Return the field's text, empty where it is absent or null.

    Raises:
        MalformedRequestError: it is something else.
    """
    value = field_of(fields, name)
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
    value = field_of(fields, name)
    if value is None:
        return NO_METADATA
    found = object_of(value, f'"{name}"')
    for key, item in found.items():
        if not isinstance(item, str):
            raise MalformedRequestError(f'"{name}.{key}" is {kind(item)}, a string is wanted')
    return found


def integer_of(fields: Mapping[str, Any], name: str) -> int:
    """
    Return the field's whole number, 0 where it is absent or null.

    Raises:
        MalformedRequestError: it is something else.
    """
    value = field_of(fields, name)
    if value is None:
        return 0
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise MalformedRequestError(f'"{name}" is {kind(value)}, a whole number is wanted')


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
        return CONSISTENCY[text]
    except KeyError:
        message = f"unrecognized consistency model '{text}'; strong and eventual are known"
        raise MalformedRequestError(message) from None
