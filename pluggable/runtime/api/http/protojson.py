"""Bodies that are the JSON of a message: names in either spelling, integers as numbers or texts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from ...errors import MalformedRequestError
from ..jsontext import load
from .fields import kind, object_of

_WRONG: Final = "failed deserializing HTTP body"
_UPPER: Final = re.compile("[A-Z]")
_LARGEST_INT32: Final = 2**31 - 1


class Fields:
    """
    The fields of a body by their JSON names, such as ``lockOwner``; ``lock_owner`` is the same.

    An empty body has none; what nobody asks for is ignored, as daprd does.
    """

    def __init__(self, body: bytes) -> None:
        self._fields: Mapping[str, Any] = object_of(load(body), f"{_WRONG}: it") if body else {}

    def value(self, name: str) -> Any:
        """Return the value, ``None`` where it is absent or null."""
        if (found := self._fields.get(name)) is not None:
            return found
        return self._fields.get(_UPPER.sub(lambda match: "_" + match[0].lower(), name))

    def text(self, name: str) -> str:
        """
        Return a text, empty where it is absent.

        Raises:
            MalformedRequestError: it is something else.
        """
        found = self.value(name)
        if found is None:
            return ""
        if isinstance(found, str):
            return found
        raise MalformedRequestError(f"{_WRONG}: invalid value for string field {name}: {kind(found)}")

    def int32(self, name: str) -> int:
        """
        Return an integer, 0 where it is absent.

        Raises:
            MalformedRequestError: it is something else, or too large.
        """
        found = self.value(name)
        if found is None:
            return 0
        try:
            number = _whole(found)
        except ValueError:
            number = None
        if number is None or not -_LARGEST_INT32 - 1 <= number <= _LARGEST_INT32:
            raise MalformedRequestError(f"{_WRONG}: invalid value for int32 field {name}: {found!r}")
        return number


def _whole(value: Any) -> int | None:
    match value:
        case bool():
            return None
        case int():
            return value
        case str():
            return int(value)
        case float():
            return int(value) if value.is_integer() else None
    return None
