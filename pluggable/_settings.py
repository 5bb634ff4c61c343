"""How the text of one metadata property becomes a value of the type its field asks for, and back."""

from __future__ import annotations

import math
import re
import types
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Any, Final, Literal, Union, get_args, get_origin

from ._duration import duration_text, parse_duration
from ._quantity import Size, parse_size

#: What daprd takes for true (dapr/kit ``strings``); anything else is false.
_TRUE: Final = frozenset({"y", "yes", "true", "t", "on", "1"})
_INTEGER: Final = re.compile(r"[+-]?[0-9]+")

#: What a property may be called in documentation (components-contrib ``component-metadata-schema.json``).
Kind = Literal["string", "number", "bool", "duration", "bytesize"]


@dataclass(frozen=True, slots=True)
class Reader:
    """
    Reads one type, and writes it so that it reads the same.

    ``wanted`` ends an error's sentence; "" is a value only if ``takes_empty``; ``choices`` are all there are,
    if any.
    """

    parse: Callable[[str], Any]
    wanted: str
    takes_empty: bool = False
    kind: Kind = "string"
    write: Callable[[Any], str] = str
    choices: tuple[str, ...] = ()


def parse_bool(text: str) -> bool:
    """Return whether daprd takes the text for true: y, yes, true, t, on or 1, in any case."""
    return text.strip().lower() in _TRUE


def reader_of(hint: Any, *, unit: str = "s") -> Reader:
    """
    Return what reads a type.

    Raises:
        TypeError: metadata cannot be read into it.
    """
    if get_origin(hint) in (Union, types.UnionType):
        inner = [arg for arg in get_args(hint) if arg is not type(None)]
        if len(inner) == 1:
            return reader_of(inner[0], unit=unit)
    if hint is timedelta:
        return _duration_in(unit)
    if hint in _SIMPLE:
        return _SIMPLE[hint]
    if get_origin(hint) is tuple and get_args(hint)[1:] == (Ellipsis,):
        return _list_of(reader_of(get_args(hint)[0], unit=unit))
    if get_origin(hint) is Literal:
        return _one_of({str(value): value for value in get_args(hint)})
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _one_of({str(member.value): member for member in hint})
    raise TypeError(
        f"metadata cannot be read into {hint!r}; "
        "use str, int, float, bool, timedelta, Size, tuple[str, ...], an Enum or a Literal"
    )


def _integer(text: str) -> int:
    stripped = text.strip()
    if not _INTEGER.fullmatch(stripped):
        raise ValueError("not an integer")
    return int(stripped)


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("not a finite number")
    return number


def _duration_in(unit: str) -> Reader:
    wanted = f"a duration such as 1m30s or 500ms, or an integer ({unit})"
    return Reader(
        lambda text: parse_duration(text, unit),
        wanted,
        takes_empty=True,
        kind="duration",
        write=duration_text,
    )


def _list_of(reader: Reader) -> Reader:
    def read(text: str) -> tuple[Any, ...]:
        return tuple(reader.parse(item.strip()) for item in text.split(",") if item.strip())

    def write(values: tuple[Any, ...]) -> str:
        return ",".join(map(reader.write, values))

    return Reader(read, "a list separated by commas", takes_empty=True, write=write)


def _one_of(choices: dict[str, Any]) -> Reader:
    by_lower = {name.lower(): value for name, value in choices.items()}

    def read(text: str) -> Any:
        if text in choices:
            return choices[text]
        try:
            return by_lower[text.strip().lower()]
        except KeyError as error:
            raise ValueError("none of the choices") from error

    def write(value: Any) -> str:
        return next((name for name, choice in choices.items() if choice == value), str(value))

    named = tuple(filter(None, choices))
    return Reader(read, "one of " + ", ".join(choices), takes_empty="" in choices, write=write, choices=named)


_SIMPLE: Final[dict[Any, Reader]] = {
    str: Reader(str, "a text", takes_empty=True),
    bool: Reader(
        parse_bool, "true or false", takes_empty=True, kind="bool", write=lambda value: str(value).lower()
    ),
    int: Reader(_integer, "an integer", kind="number"),
    float: Reader(_number, "a number", kind="number", write=lambda value: f"{value:.17g}"),
    Size: Reader(parse_size, "a size such as 64Ki, 4M or 4MB", kind="bytesize"),
}
