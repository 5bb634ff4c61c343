"""What a secret of Vault holds: its fields as values, or their JSON as it came."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from pluggable.errors import UnavailableError

_SPACE: Final = re.compile(r"[ \t\n\r]*")
_DECODER: Final = json.JSONDecoder()
_NO_VAULT: Final = "what answered is no Vault: there is no secret in it"


def fields_in(text: str) -> dict[str, str]:
    """
    Return the fields of a secret; those that are no texts, as JSON.

    Raises:
        UnavailableError: the answer is no secret.
    """
    try:
        data: Any = json.loads(text)["data"]["data"]
    except (ValueError, TypeError, KeyError):
        raise UnavailableError(_NO_VAULT) from None  # what it quotes may be a secret
    if not isinstance(data, Mapping):
        raise UnavailableError(_NO_VAULT)
    return {name: value if isinstance(value, str) else _json(value) for name, value in data.items()}


def text_in(text: str) -> str:
    """
    Return the JSON of a secret's fields exactly as Vault wrote it.

    Raises:
        UnavailableError: the answer is no secret.
    """
    try:
        return _member(_member(text, "data"), "data")
    except (ValueError, KeyError, IndexError, TypeError):
        raise UnavailableError(_NO_VAULT) from None


def _member(text: str, wanted: str) -> str:
    """Return what an object has under this name, as it is written."""
    at = _after(text, 0)
    if text[at] != "{":
        raise ValueError("no object")
    while text[at] != "}":
        name, end = _DECODER.raw_decode(text, _after(text, at + 1))
        start = _after(text, _after(text, end) + 1)  # behind the colon
        _, end = _DECODER.raw_decode(text, start)
        if name == wanted:
            return text[start:end]
        at = _after(text, end)
    raise KeyError(wanted)


def _after(text: str, at: int) -> int:
    """Return the place of the next character that is no space."""
    found = _SPACE.match(text, at)
    assert found is not None, "it matches the empty text"
    return found.end()


def _json(value: Any) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
