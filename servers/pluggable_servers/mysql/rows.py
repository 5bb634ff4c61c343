"""Rows as JSON objects, in the forms that daprd's binding gives each type."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from asyncmy.constants import FIELD_TYPE

#: Columns whose NULL is told; in the others it is left out.
_BYTES: Final = frozenset(
    {
        FIELD_TYPE.BIT,
        FIELD_TYPE.TINY_BLOB,
        FIELD_TYPE.MEDIUM_BLOB,
        FIELD_TYPE.LONG_BLOB,
        FIELD_TYPE.BLOB,
        FIELD_TYPE.VAR_STRING,
        FIELD_TYPE.STRING,
        FIELD_TYPE.NULL,
    }
)


def encoded(rows: Sequence[Sequence[Any]], columns: Sequence[tuple[str, int, bool]]) -> bytes:
    """Return rows as a JSON array of objects, ``null`` without any; a column is name, type, is bytes."""
    if not rows:
        return b"null"
    found = [
        {
            name: _form(value)
            for value, (name, _, is_bytes) in zip(row, columns, strict=True)
            if value is not None or is_bytes
        }
        for row in rows
    ]
    return json.dumps(found, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def is_bytes(type_code: int, charset: int) -> bool:
    """Whether a column is one of bytes and not of text: the charset of bytes is 63."""
    return type_code in _BYTES and (charset == 63 or type_code == FIELD_TYPE.NULL)


def _form(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 1e21 else value
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime):
        text = value.isoformat()
        return f"{text.rstrip('0') if '.' in text else text}Z"
    if isinstance(value, date):
        return f"{value.isoformat()}T00:00:00Z"
    if isinstance(value, timedelta):
        return _time(value)
    return str(value)


def _time(value: timedelta) -> str:
    sign = "-" if value < timedelta() else ""
    value = abs(value)
    minutes, seconds = divmod(value.days * 86400 + value.seconds, 60)
    fraction = f".{value.microseconds:06d}" if value.microseconds else ""
    return f"{sign}{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}{fraction}"
