"""
Schedules in the words of robfig/cron, which is what daprd understands (dapr/kit ``cron/parser.go``).

Fields are parsed here, by its rules, and given as plain lists to cronsim, which knows the calendar.
"""

from __future__ import annotations

import os
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from pluggable.metadata import parse_duration

_EVERY: Final = "@every "
_WORDS: Final = {
    "@yearly": "0 0 0 1 1 *",
    "@annually": "0 0 0 1 1 *",
    "@monthly": "0 0 0 1 * *",
    "@weekly": "0 0 0 * * 0",
    "@daily": "0 0 0 * * *",
    "@midnight": "0 0 0 * * *",
    "@hourly": "0 0 * * * *",
}
_MONTHS: Final = "jan feb mar apr may jun jul aug sep oct nov dec"
_DAYS: Final = "sun mon tue wed thu fri sat"


class Schedule(ABC):
    """When something happens."""

    @abstractmethod
    def next(self, after: datetime) -> datetime | None:
        """Return the first time later than an aware one; ``None`` if there is none in fifty years."""


@dataclass(frozen=True, slots=True)
class Every(Schedule):
    """Again and again, a fixed time apart."""

    interval: timedelta

    def next(self, after: datetime) -> datetime:
        return after + self.interval


@dataclass(frozen=True, slots=True)
class Calendar(Schedule):
    """At the times on the clock that six fields describe."""

    fields: str
    zone: tzinfo

    def next(self, after: datetime) -> datetime | None:
        return next(CronSim(self.fields, after.astimezone(self.zone)), None)


def parse(text: str) -> Schedule:
    """
    Return the schedule of five fields, six with the seconds in front, or of a word.

    Words are ``@hourly``, ``@daily`` and so on, and ``@every 90s``.

    ``TZ=Zone`` or ``CRON_TZ=Zone`` in front counts in that zone, otherwise it is the machine's.

    Raises:
        ValueError: it is none; the text says why.
    """
    zone: tzinfo | None = None
    if text.startswith(("TZ=", "CRON_TZ=")):
        assignment, _, text = text.partition(" ")
        zone, text = _zone(assignment.partition("=")[2]), text.strip()
    if text.startswith(_EVERY):
        return Every(_interval(text.removeprefix(_EVERY)))
    if text.startswith("@") and text not in _WORDS:
        raise ValueError(
            f"unrecognized descriptor: {text}; wanted {', '.join(_WORDS)} or @every with a duration"
        )
    written = _WORDS.get(text, text).split()
    if len(written) not in {5, 6}:
        raise ValueError(f"expected 5 to 6 fields, found {len(written)}")
    six = written if len(written) == 6 else ["0", *written]
    fields = " ".join(bounds.plain(field) for bounds, field in zip(_BOUNDS, six, strict=True))
    schedule = Calendar(fields, zone or local_zone())
    try:
        if schedule.next(datetime.now(UTC)) is None:
            raise ValueError("its day never comes")
    except CronSimError as error:
        raise ValueError(f"its day never comes: {error}") from error
    return schedule


def local_zone() -> tzinfo:
    """Return the machine's zone: of ``TZ``, else of ``/etc/localtime``, else UTC."""
    name = os.environ.get("TZ")
    if name is not None:
        try:
            return ZoneInfo(name.removeprefix(":") or "UTC")
        except (ZoneInfoNotFoundError, ValueError):
            return UTC  # as Go does
    try:
        with Path("/etc/localtime").open("rb") as file:
            return ZoneInfo.from_file(file, "Local")
    except (OSError, ValueError):
        return UTC


@dataclass(frozen=True, slots=True)
class _Bounds:
    """One field: its lowest and highest value, and names for them."""

    name: str
    lowest: int
    highest: int
    names: str = ""

    def plain(self, field: str) -> str:
        """
        Return the field as ``*`` or a list of numbers.

        A star in it matters: of day and weekday both must match if one has a star, and either one otherwise.
        """
        values: set[int] = set()
        star = False
        for part in filter(None, field.split(",")):
            found, is_star = self._range(part)
            values.update(found)
            star |= is_star
        if not values:
            raise ValueError(f"the {self.name} is empty: {field}")
        return "*" if star else ",".join(map(str, sorted(values)))

    def _range(self, part: str) -> tuple[range, bool]:
        span, *steps = part.split("/")
        ends = span.split("-")
        if len(steps) > 1 or len(ends) > 2:
            raise ValueError(f"too many {'slashes' if len(steps) > 1 else 'hyphens'}: {part}")
        step = self._number(steps[0], part) if steps else 1
        star = ends[0] in {"*", "?"}
        if star:
            first, last = self.lowest, self.highest
        else:
            first, last = self._value(ends[0], part), self._value(ends[-1], part)
            if steps and len(ends) == 1:
                last = self.highest
        if first < self.lowest or last > self.highest or first > last or step < 1:
            raise ValueError(f"the {self.name} goes from {self.lowest} to {self.highest}, found {part}")
        return range(first, last + 1, step), star and step == 1

    def _value(self, text: str, part: str) -> int:
        names = self.names.split()
        if text.lower() in names:
            return names.index(text.lower()) + self.lowest
        return self._number(text, part)

    def _number(self, text: str, part: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", text):
            raise ValueError(f'the {self.name} has "{text}", wanted a number: {part}')
        return int(text)


_BOUNDS: Final = (
    _Bounds("second", 0, 59),
    _Bounds("minute", 0, 59),
    _Bounds("hour", 0, 23),
    _Bounds("day of the month", 1, 31),
    _Bounds("month", 1, 12, _MONTHS),
    _Bounds("weekday", 0, 6, _DAYS),
)


def _zone(name: str) -> tzinfo:
    if name == "Local":
        return local_zone()
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"provided bad location {name}; this machine has no such time zone") from error


def _interval(text: str) -> timedelta:
    wanted = "wanted a duration above 0 such as 90s or 100ms"
    try:
        interval = parse_duration(text)
    except ValueError as error:
        raise ValueError(f"failed to parse duration {text}; {wanted}") from error
    if text.strip().lstrip("+-").isdigit() or interval <= timedelta():
        raise ValueError(f"failed to parse duration {text}; {wanted}")
    return interval
