"""JSON as the APIs read and write it."""

from __future__ import annotations

import json
import re
from typing import Any

from ..errors import MalformedRequestError
from ..gotext import escaped, no_constant

#: What daprd says before a fault of a body.
UNREADABLE = "failed deserializing HTTP body"
#: Halves of pairs, which JSON can spell and UTF-8 cannot.
_SURROGATES = re.compile("[\ud800-\udfff]")

_decode = json.JSONDecoder(parse_constant=no_constant).decode
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def load(body: bytes) -> Any:
    """
    Return what the JSON text says.

    Raises:
        MalformedRequestError: it is none.
    """
    try:
        return parsed(body)
    except UnicodeDecodeError as error:
        raise MalformedRequestError(f"{UNREADABLE}: it is no UTF-8, {error.reason}") from error
    except (ValueError, RecursionError) as error:
        found = "the body is empty, JSON is wanted" if not body.strip() else str(error)
        raise MalformedRequestError(f"{UNREADABLE}: {found}") from error


def parsed(body: bytes) -> Any:
    """
    Return what the JSON text says; half of a surrogate pair is the sign for no character, as with Go.

    Raises:
        ValueError: it is none.
        RecursionError: it is nested too deeply.
    """
    value = _decode(body.decode())
    return _mended(value) if b"\\ud" in body or b"\\uD" in body else value


def is_cut_off(error: json.JSONDecodeError) -> bool:
    """Whether a text that is no JSON could be the begin of one, which Go has other words for."""
    rest = error.doc[error.pos :].strip()
    if error.msg.startswith("Unterminated string") or rest in {"", "-"}:
        return True
    if error.msg.startswith("Invalid \\u"):
        return '"' not in rest
    return any(word.startswith(rest) for word in ("true", "false", "null"))


def dump(value: Any) -> bytes:
    """Return the value as compact JSON, escaped as Go does it."""
    text = _encode(value)
    try:
        return escaped(text.encode())
    except UnicodeEncodeError:
        return escaped(_SURROGATES.sub("\ufffd", text).encode())


def normalised(text: bytes) -> bytes:
    """
    Return a JSON text as this API stores it.

    Raises:
        MalformedRequestError: it is none.
    """
    return dump(load(text))


def _mended(value: Any) -> Any:
    match value:
        case str():
            return _SURROGATES.sub("\ufffd", value)
        case dict():
            return {_mended(name): _mended(each) for name, each in value.items()}
        case list():
            return [_mended(each) for each in value]
    return value


def is_json(text: bytes) -> bool:
    """Whether the bytes are a JSON text."""
    try:
        _decode(text.decode())
    except (ValueError, RecursionError):
        return False
    return True
