"""Names of methods: what none may have in it, and the one form of a path."""

from __future__ import annotations

import posixpath
import re
from typing import Final

_FORBIDDEN: Final = re.compile(r"[#?\x00]").search
_CONTROL: Final = re.compile(r"[\x01-\x1f\x7f]").search
#: Names that are what they would be made: no dots, no doubled slashes, nothing to refuse.
_PLAIN: Final = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]*+(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*+)*+").fullmatch


class MethodError(ValueError):
    """A method's name has in it what none may have."""


def normalized(method: str) -> str:
    """
    Return the method as both ends know it: no way up, no doubled slashes, none at the end.

    Source: dapr/dapr ``pkg/messaging/method``.

    Raises:
        MethodError: it has a ``#``, a ``?`` or a control character; the text shows it.
    """
    if _PLAIN(method):
        return method
    if _FORBIDDEN(method):
        raise MethodError(f"invalid method: method contains forbidden character: {shown(method)}")
    if found := _CONTROL(method):
        raise MethodError(
            f"invalid method: method contains control character at position {found.start()}: {shown(method)}"
        )
    cleaned = clean(method)
    while cleaned.startswith("../"):
        cleaned = cleaned[3:]
    return "" if cleaned in ("..", ".") else cleaned


def clean(path: str) -> str:
    """Return a path as Go's ``path.Clean`` leaves it."""
    cleaned = posixpath.normpath(path)
    return cleaned[1:] if cleaned.startswith("//") else cleaned


def shown(text: str) -> str:
    """Return a text as Go's ``%q`` shows it, near enough for a person."""
    return '"' + text.encode("unicode_escape").decode().replace('"', '\\"') + '"'
