"""
Values in a column that takes JSON, and what a write says about its life.

Facts: components-contrib ``common/component/postgresql/v1``, ``state/mysql/mysql.go``. What came as JSON is
kept as it is; anything else as a JSON string of base64, with a mark beside it. Either way
a reader gets bytes.
"""

from __future__ import annotations

import json
from base64 import b64encode
from binascii import a2b_base64
from typing import Any

from pluggable.errors import ComponentError, ETagMismatchError
from pluggable.state import GetResponse, SetRequest

from .. import ttl


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


_decode = json.JSONDecoder(parse_constant=_refuse).decode

#: A value, nothing, or why this one cannot be told.
Found = GetResponse | ComponentError | None


def encoded(request: SetRequest) -> tuple[str, bool]:
    """Return the JSON to keep, and whether it is bytes in disguise."""
    if _is_called_json(request) and (text := _json(request.value)) is not None:
        return text, False
    return f'"{b64encode(request.value).decode("ascii")}"', True


def decoded(key: str, text: str, is_binary: bool) -> bytes | ComponentError:
    """Return what was stored, from a column's JSON."""
    if not is_binary:
        return text.encode()
    try:
        # Base64 has nothing that JSON would escape, unless somebody else wrote it.
        plain = text[:1] == text[-1:] == '"' and "\\" not in text
        return a2b_base64(text[1:-1] if plain else json.loads(text), strict_mode=True)
    except (ValueError, TypeError):
        return ComponentError(f'the row "{key}" is marked as binary, but is not base64 in a JSON string')


def life(request: SetRequest) -> int | None:
    """Return how many seconds a value is to live, ``None`` for ever."""
    if not request.metadata:
        return None
    seconds = ttl.seconds_to_live(request.metadata, lowest=-1)
    return seconds if seconds is not None and seconds > 0 else None


def mismatch(key: str, expected: str | None) -> ETagMismatchError:
    """Return the error of a write that met no row it may replace."""
    if expected:
        return ETagMismatchError(f'"{key}" is no longer at {expected}')
    return ETagMismatchError(f'"{key}" is there already')


def _is_called_json(request: SetRequest) -> bool:
    content_type = request.content_type or request.metadata.get("contentType")
    return content_type is not None and content_type.partition(";")[0].strip().lower() == "application/json"


def _json(value: bytes) -> str | None:
    """Return the text of what a JSON column takes; what was called JSON and is none has the other form."""
    try:
        text = value.decode()
        parsed = _decode(text)
        # Neither server takes a NUL, nor half a surrogate pair, which fails here.
        if "\\u" in text and "\\u0000" in _plain(parsed):
            return None
    except (ValueError, RecursionError):
        return None
    return text


def _plain(parsed: Any) -> str:
    text = json.dumps(parsed, ensure_ascii=False)
    text.encode()
    return text
