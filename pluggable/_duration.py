"""Durations as Go writes them: ``1h30m``, ``500ms``."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

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
#: What a duration is written in, from the largest.
_WRITTEN: Final = ("h", "m", "s", "ms", "us")
_PART: Final = re.compile(r"([0-9]*)(?:\.([0-9]*))?(h|ms|us|µs|μs|ns|m|s)")
_INTEGER: Final = re.compile(r"[+-]?[0-9]+")
_LONGEST_NANOSECONDS: Final = 2**63 - 1


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


def duration_text(duration: timedelta) -> str:
    """Return the shortest text that reads as this duration: ``1m30s``, ``8ms``, ``0s``."""
    rest = abs(duration) // timedelta(microseconds=1) * 1_000
    parts = []
    for unit in _WRITTEN:
        count, rest = divmod(rest, _NANOSECONDS[unit])
        if count:
            parts.append(f"{count}{unit}")
    return ("-" if duration < timedelta() else "") + "".join(parts or ["0s"])


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
