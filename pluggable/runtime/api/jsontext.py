"""JSON as the APIs read and write it: as Go's encoder writes it, and big texts away from the loop."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from typing import Any, NoReturn, ParamSpec, TypeVar

from ..errors import MalformedRequestError

P = ParamSpec("P")
R = TypeVar("R")

#: Texts longer than this are read and written in a thread, so that health still answers meanwhile.
LARGE_BYTES = 256 * 1024

_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
_SPECIAL = re.compile("[<>&\u2028\u2029]")
_SURROGATES = re.compile("[\ud800-\udfff]")


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON")


_decode = json.JSONDecoder(parse_constant=_no_constant).decode
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def load(body: bytes) -> Any:
    """
    Return what the JSON text says.

    Raises:
        MalformedRequestError: it is none.
    """
    try:
        return _decode(body.decode())
    except UnicodeDecodeError as error:
        raise MalformedRequestError(
            f"failed deserializing HTTP body: it is no UTF-8, {error.reason}"
        ) from error
    except (ValueError, RecursionError) as error:
        found = "the body is empty, JSON is wanted" if not body.strip() else str(error)
        raise MalformedRequestError(f"failed deserializing HTTP body: {found}") from error


def dump(value: Any) -> bytes:
    """
    Return the value as compact JSON, escaped as Go does it.

    The escaped characters occur in strings only, so the text can be searched as a whole.
    """
    text = _encode(value)
    if _SPECIAL.search(text) is not None:
        text = _SPECIAL.sub(lambda found: _ESCAPES[found[0]], text)
    try:
        return text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair, which JSON can spell and UTF-8 cannot
        return _SURROGATES.sub("\ufffd", text).encode()


def is_json(text: bytes) -> bool:
    """Whether the bytes are a JSON text."""
    try:
        _decode(text.decode())
    except (ValueError, RecursionError):
        return False
    return True


async def apart(size: int, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call the function here, or in a thread if so many bytes would hold the loop."""
    if size <= LARGE_BYTES:
        return function(*args, **kwargs)
    return await asyncio.to_thread(function, *args, **kwargs)
