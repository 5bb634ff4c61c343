"""A statement with its parameters written into it, each where a ``?`` stands."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

from pluggable.errors import InvalidRequestError

#: What may hold a ``?`` that stands for itself: strings, names, comments; and the one that stands for more.
_PIECE: Final = re.compile(
    r"""'(?:[^'\\]|\\.|'')*' | "(?:[^"\\]|\\.|"")*" | `[^`]*` | /\*.*?\*/ | \#[^\n]* | --\s[^\n]* | \?""",
    re.DOTALL | re.VERBOSE,
)


def filled(sql: str, params: Sequence[Any], literal: Callable[[Any], str]) -> str:
    """
    Return the statement with each ``?`` outside of strings and comments replaced by the next parameter.

    Raises:
        InvalidRequestError: there are more or fewer than places, or one is an array or an object.
    """
    if not params:
        return sql
    literals = [_literal(number, value, literal) for number, value in enumerate(params, 1)]
    places = 0

    def replaced(match: re.Match[str]) -> str:
        nonlocal places
        if match[0] != "?":
            return match[0]
        places += 1
        return literals[places - 1] if places <= len(literals) else "?"

    found = _PIECE.sub(replaced, sql)
    if places != len(literals):
        raise InvalidRequestError(f"expected {places} arguments, got {len(literals)} in params")
    return found


def _literal(number: int, value: Any, literal: Callable[[Any], str]) -> str:
    if isinstance(value, list | dict):
        raise InvalidRequestError(
            f"params: number {number} is a JSON {type(value).__name__}, wanted a text, number, truth or null"
        )
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e21 else repr(value)
    return "NULL" if value is None else literal(value)
