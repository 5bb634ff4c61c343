"""How the text of one metadata property becomes a value of the type its field asks for."""

from __future__ import annotations

import math
import re
import types
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Any, Final, Literal, Union, get_args, get_origin

#: What daprd takes for true (dapr/kit ``strings``); anything else is false.
_TRUE: Final = frozenset({"y", "yes", "true", "t", "on", "1"})
_NANOSECONDS: Final = {
    "h": 3_600_000_000_000,
    "m": 60_000_000_000,
    "s": 1_000_000_000,
    "ms": 1_000_000,
    "us": 1_000,
    "µs": 1_000,  # the micro sign; below the Greek letter: Go takes both
    "μs": 1_000,
    "ns": 1,
}
_PART: Final = re.compile(r"([0-9]*)(?:\.([0-9]*))?(h|ms|us|µs|μs|ns|m|s)")
_INTEGER: Final = re.compile(r"[+-]?[0-9]+")
_LONGEST_NANOSECONDS: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads one type. ``wanted`` ends an error's sentence; "" is a value only if ``takes_empty``."""

    parse: Callable[[str], Any]
    wanted: str
    takes_empty: bool = False


def parse_bool(text: str) -> bool:
    """Return whether daprd takes the text for true: y, yes, true, t, on or 1, in any case."""
    return text.strip().lower() in _TRUE


def parse_duration(text: str, unit: str = "s") -> timedelta:
    """
    Return a duration as Go writes it: ``1h30m``, ``-1.5s``, ``500ms``; an integer alone counts ``unit``.

    Raises:
        ValueError: the text is neither.
    """
    stripped = text.strip()
    if not stripped:
        return timedelta()
    if _INTEGER.fullmatch(stripped):
        total = int(stripped) * _NANOSECONDS[unit]
    else:
        sign = -1 if stripped.startswith("-") else 1
        total = sign * _sum_of_parts(stripped.removeprefix("-") if sign < 0 else stripped.removeprefix("+"))
    if abs(total) > _LONGEST_NANOSECONDS:
        raise ValueError(f'the duration "{text}" is longer than 292 years')
    return timedelta(microseconds=total / 1_000)


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
        wanted = f"a duration such as 1m30s or 500ms, or an integer ({unit})"
        return Reader(lambda text: parse_duration(text, unit), wanted, takes_empty=True)
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
        "use str, int, float, bool, timedelta, tuple[str, ...], an Enum or a Literal"
    )


def _sum_of_parts(text: str) -> int:
    """Return the nanoseconds of ``1h30m``."""
    total = position = 0
    while position < len(text):
        part = _PART.match(text, position)
        if part is None or not (part[1] or part[2]):
            raise ValueError(f'"{text}" is no duration such as 1m30s')
        fraction = part[2] or ""
        scale = _NANOSECONDS[part[3]]
        total += int(part[1] or "0") * scale + int(fraction or "0") * scale // 10 ** len(fraction)
        position = part.end()
    if position == 0:
        raise ValueError("a sign alone is no duration")
    return total


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


def _list_of(reader: Reader) -> Reader:
    def read(text: str) -> tuple[Any, ...]:
        return tuple(reader.parse(item.strip()) for item in text.split(",") if item.strip())

    return Reader(read, "a list separated by commas", takes_empty=True)


def _one_of(choices: dict[str, Any]) -> Reader:
    by_lower = {name.lower(): value for name, value in choices.items()}

    def read(text: str) -> Any:
        if text in choices:
            return choices[text]
        try:
            return by_lower[text.strip().lower()]
        except KeyError as error:
            raise ValueError("none of the choices") from error

    return Reader(read, "one of " + ", ".join(choices), takes_empty="" in choices)


_SIMPLE: Final[dict[Any, Reader]] = {
    str: Reader(str, "a text", takes_empty=True),
    bool: Reader(parse_bool, "true or false", takes_empty=True),
    int: Reader(_integer, "an integer"),
    float: Reader(_number, "a number"),
}
