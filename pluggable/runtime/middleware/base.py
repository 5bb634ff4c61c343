"""What a middleware is: it sees each request on its way in, and its answer on its way out."""

from __future__ import annotations

from abc import ABC
from dataclasses import dataclass

from ... import component


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What of a request a middleware may change."""

    path: str
    """Escaped, without the query."""
    query: str = ""
    body: bytes = b""


class Middleware(component.Component, ABC):
    """One configured middleware. Its methods may run in a thread, when the body is large."""

    def asked(self, call: Call) -> Call:
        """Return the request as it goes on."""
        return call

    def answered(self, body: bytes) -> bytes:
        """Return the answer's body as it goes back."""
        return body
