"""Texts as Go reads and writes them, where applications and daprd's peers see the difference."""

from __future__ import annotations

import json
import re
from typing import Final, NoReturn

from ..transport.status import Code

_TRUE: Final = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE: Final = frozenset({"0", "f", "F", "FALSE", "false", "False"})
#: What Go escapes in JSON beyond what JSON asks for; in a valid text these occur in strings only.
_SPECIAL: Final = re.compile(rb"[<>&]|\xe2\x80[\xa8\xa9]")
_SIGNS: Final = (b"<", b">", b"&", b"\xe2\x80")
_ESCAPES: Final = {
    b"<": b"\\u003c",
    b">": b"\\u003e",
    b"&": b"\\u0026",
    b"\xe2\x80\xa8": b"\\u2028",
    b"\xe2\x80\xa9": b"\\u2029",
}


def go_name(code: Code) -> str:
    """Return a status code as Go writes it: ``NotFound``, ``Canceled``, ``OK``."""
    return "OK" if code is Code.OK else code.name.replace("CANCELLED", "CANCELED").title().replace("_", "")


def parse_bool(text: str) -> bool:
    """
    Return a truth value as ``strconv.ParseBool`` reads it; a component's metadata knows more words.

    Raises:
        ValueError: it is none.
    """
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise ValueError(f'"{text}" is neither true nor false')


def duration(seconds: float) -> str:
    """Return a time as ``time.Duration`` is printed: ``500ms``, ``1m30s``, ``3m0s``."""
    if 0 < seconds < 1:
        return f"{seconds * 1000:g}ms"
    minutes, left = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    text = f"{hours}h" if hours else ""
    return text + (f"{minutes}m" if hours or minutes else "") + f"{left:g}s"


def escaped(text: bytes) -> bytes:
    """Return a JSON text with what Go escapes in it."""
    # Looking for each sign alone is ten times as fast as the expression, and most texts have none.
    if any(sign in text for sign in _SIGNS):
        return _SPECIAL.sub(lambda found: _ESCAPES[found[0]], text)
    return text


def plain(text: bytes) -> bytes:
    """
    Return a JSON text as daprd prints the value (``%v``): of a string what it says, without its quotes.

    Objects and arrays stay JSON, where daprd prints Go's ``map[a:1]``, which nobody can read back.
    """
    if not text.startswith(b'"'):
        return text
    if b"\\" not in text:
        return text[1:-1]
    said: str = json.loads(text)
    return said.encode("utf-8", "replace")


def no_constant(word: str) -> NoReturn:
    """Refuse ``NaN`` and ``Infinity``, which Python's decoder takes and JSON does not have."""
    raise ValueError(f"{word} is no JSON")
