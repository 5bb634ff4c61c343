"""The parameters of a statement, from the types of JSON to those that the server asks for."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

from pluggable.errors import InvalidRequestError

#: Before an offset, as Dapr's own examples have it: 2020-09-24T11:45:05Z07:00.
_ZONE: Final = re.compile(r"Z(?=\d\d:\d\d$)")
#: A parameter's type, as asyncpg describes it.
Type = Any


def arguments(params: Sequence[Any], types: Sequence[Type]) -> list[Any]:
    """
    Return what the driver takes for a statement's parameters.

    Raises:
        InvalidRequestError: there are more or fewer than the statement has, or one does not fit its type.
    """
    if len(params) != len(types):
        raise InvalidRequestError(
            f"mismatched param and argument count: params has {len(params)}, the statement {len(types)}"
        )
    return [_argument(number, *pair) for number, pair in enumerate(zip(params, types, strict=True), 1)]


def _argument(number: int, value: Any, wanted: Type) -> Any:
    try:
        return _converted(value, wanted.name)
    except (ValueError, TypeError, ArithmeticError) as error:
        raise InvalidRequestError(
            f"params: ${number}, a JSON {type(value).__name__}, cannot be read as {wanted.name}"
        ) from error


def _converted(value: Any, name: str) -> Any:
    if name in ("json", "jsonb"):
        return value if value is None or isinstance(value, str) else json.dumps(value)
    if value is None:
        return None
    if name.endswith("[]"):
        if not isinstance(value, list):
            raise TypeError(name)
        return [_converted(each, name if isinstance(each, list) else name[:-2]) for each in value]
    convert: Callable[[Any], Any] = _OF.get(name, _text)
    return convert(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _integer(value: Any) -> int:
    if isinstance(value, bool):
        raise TypeError(value)
    return int(value)


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if str(value).lower() in ("t", "true", "1"):
        return True
    if str(value).lower() in ("f", "false", "0"):
        return False
    raise ValueError(value)


def _bytes(value: Any) -> bytes:
    text = _text(value)
    return bytes.fromhex(text[2:]) if text.startswith("\\x") else text.encode()


def _moment(value: Any) -> datetime:
    return datetime.fromisoformat(_ZONE.sub("+", _text(value)))


def _with_zone(value: Any) -> datetime:
    found = _moment(value)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _seconds(value: Any) -> timedelta:
    return timedelta(seconds=float(value))


_OF: Final[dict[str, Callable[[Any], Any]]] = {
    **dict.fromkeys(("int2", "int4", "int8", "smallint", "integer", "bigint", "oid"), _integer),
    **dict.fromkeys(("float4", "float8"), float),
    "numeric": lambda value: Decimal(str(value)),
    "bool": _boolean,
    "bytea": _bytes,
    "timestamp": lambda value: _moment(value).replace(tzinfo=None),
    "timestamptz": _with_zone,
    "date": lambda value: date.fromisoformat(_text(value)),
    "time": lambda value: time.fromisoformat(_text(value)),
    "interval": _seconds,
}
