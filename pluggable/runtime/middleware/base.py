"""What a middleware is: it sees each request on its way in, and its answer on its way out."""

from __future__ import annotations

from abc import ABC

from ... import component


class Middleware(component.Component, ABC):
    """
    One configured middleware.

    Bodies come whole or in pieces; where they are large the methods run in a thread.
    """

    def routed(self, path: str, query: str) -> tuple[str, str]:
        """Return path, which is escaped, and query as they go on."""
        return path, query

    def sent(self, body: bytes) -> bytes:
        """Return the request's body, or a piece of it, as it goes on."""
        return body

    def answered(self, body: bytes) -> bytes:
        """Return the answer's body, or a piece of it, as it goes back."""
        return body
