"""Bodies in upper case; daprd has it, too, to show that a pipeline is at work."""

from __future__ import annotations

from ...metadata import Metadata
from .base import Middleware

_DIRECTIONS = {
    "request": (True, False),
    "response": (False, True),
    "both": (True, True),
}


class Uppercase(Middleware):
    """``direction`` says whose bodies: the ``request``'s, as without it, the ``response``'s or ``both``."""

    def __init__(self) -> None:
        self._request, self._response = _DIRECTIONS["request"]

    async def init(self, metadata: Metadata) -> None:
        direction = (metadata.get("direction") or "").lower()
        self._request, self._response = _DIRECTIONS.get(direction, _DIRECTIONS["request"])

    def sent(self, body: bytes) -> bytes:
        return _upper(body) if self._request else body

    def answered(self, body: bytes) -> bytes:
        return _upper(body) if self._response else body


def _upper(body: bytes) -> bytes:
    """Return a text in upper case; what is none, as half a letter, stays as it is."""
    return body.decode("utf-8", "surrogateescape").upper().encode("utf-8", "surrogateescape")
