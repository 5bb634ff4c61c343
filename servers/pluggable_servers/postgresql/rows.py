"""
Rows as JSON, in the forms that daprd's binding gives each type.

Some of them are what Go makes of its driver's types: a uuid is an array of its bytes, a time is an object.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Final
from uuid import UUID

import asyncpg

_INCLUSIVE: Final = 105
_EXCLUSIVE: Final = 101
_UNBOUNDED: Final = 85
_DAY_MICROSECONDS: Final = 86_400_000_000


def encoded(rows: Iterable[Sequence[Any]], types: Sequence[str]) -> bytes:
    """Return rows as a JSON array of arrays, given the names of the columns' types."""
    return _array(
        _array(_OF.get(name, _text)(value) for value, name in zip(row, types, strict=True)) for row in rows
    ).encode()


def _array(parts: Iterable[str]) -> str:
    return f"[{','.join(parts)}]"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _document(value: str | None) -> str:
    if value is None:
        return "null"
    return json.dumps(json.loads(value), ensure_ascii=False, separators=(",", ":"))


def _xml(value: str | None) -> str:
    return "null" if value is None else _text(value.encode())


def _hardware(value: str | None) -> str:
    return "null" if value is None else _text(bytes.fromhex(value.replace(":", "")))


def _text(value: Any) -> str:
    for kind, form in _FORMS:
        if isinstance(value, kind):
            return form(value)
    return _quoted(str(value))


def _float(value: float) -> str:
    if not math.isfinite(value):
        return _quoted(str(value))
    return str(int(value)) if value.is_integer() and abs(value) < 1e21 else repr(value)


def _decimal(value: Decimal) -> str:
    return f"{value:f}" if value.is_finite() else _quoted(str(value))


def _moment(value: datetime) -> str:
    if value.tzinfo is not None:
        value = value.astimezone(UTC)
    text = value.replace(tzinfo=None).isoformat()
    return f'"{text.rstrip("0") if "." in text else text}Z"'


def _time(value: time) -> str:
    if value.tzinfo is not None:
        return _quoted(value.isoformat().removesuffix(":00"))
    since = timedelta(
        hours=value.hour, minutes=value.minute, seconds=value.second, microseconds=value.microsecond
    )
    return f'{{"Microseconds":{since // timedelta(microseconds=1)},"Valid":true}}'


def _interval(value: timedelta) -> str:
    rest = value.seconds * 1_000_000 + value.microseconds
    days = value.days
    if days < 0 and rest:
        days, rest = days + 1, rest - _DAY_MICROSECONDS
    return f'{{"Microseconds":{rest},"Days":{days},"Months":0,"Valid":true}}'


def _range(value: Any) -> str:
    lower = _UNBOUNDED if value.lower_inf else _INCLUSIVE if value.lower_inc else _EXCLUSIVE
    upper = _UNBOUNDED if value.upper_inf else _INCLUSIVE if value.upper_inc else _EXCLUSIVE
    return (
        f'{{"Lower":{_text(value.lower)},"Upper":{_text(value.upper)},'
        f'"LowerType":{lower},"UpperType":{upper},"Valid":true}}'
    )


def _flat(values: Iterable[Any]) -> Iterator[Any]:
    for value in values:
        if isinstance(value, list):
            yield from _flat(value)
        else:
            yield value


def _bits(value: asyncpg.BitString) -> str:
    return f'{{"Bytes":{_text(value.bytes)},"Len":{len(value)},"Valid":true}}'


def _point(value: asyncpg.Point) -> str:
    return f'"({_float(value.x)},{_float(value.y)})"'


#: By the name of a column's type, where the value alone does not say it.
_OF: Final[dict[str, Callable[[Any], str]]] = {
    "json": _document,
    "jsonb": _document,
    "xml": _xml,
    "macaddr": _hardware,
    "macaddr8": _hardware,
}
#: The first that fits counts: a bool is an int, and a datetime is a date.
_FORMS: Final[tuple[tuple[Any, Callable[[Any], str]], ...]] = (
    (type(None), lambda _: "null"),
    (bool, lambda value: "true" if value else "false"),
    (int, str),
    (str, _quoted),
    (float, _float),
    (Decimal, _decimal),
    (datetime, _moment),
    (date, lambda value: f'"{value.isoformat()}T00:00:00Z"'),
    (time, _time),
    (timedelta, _interval),
    (UUID, lambda value: _array(map(str, value.bytes))),
    (bytes, lambda value: f'"{base64.b64encode(value).decode()}"'),
    ((IPv4Address, IPv6Address), lambda value: f'"{value}/{value.max_prefixlen}"'),
    (list, lambda value: _array(map(_text, _flat(value)))),
    (asyncpg.Record, lambda value: _array(map(_text, value.values()))),
    (asyncpg.Range, _range),
    (asyncpg.BitString, _bits),
    (asyncpg.Point, _point),
    (tuple, lambda value: _array(map(_text, value))),
)
