"""Requests and answers on their way through a chain of middleware."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Self

from ..apart import apart
from ..bodies import Body, Pieces
from .base import Middleware

Chain = Sequence[Middleware]


def routed(chain: Chain, path: str, query: str) -> tuple[str, str]:
    """Return path and query as they are behind the chain."""
    for each in chain:
        path, query = each.routed(path, query)
    return path, query


async def sent(chain: Chain, body: Body) -> Body:
    """Return a request's body as it is behind the chain; one in pieces stays in pieces."""
    return await _changed([each.sent for each in chain], body)


async def answered(chain: Chain, body: Body) -> Body:
    """Return an answer's body as it is when it has gone back through the chain."""
    return await _changed([each.answered for each in reversed(chain)], body)


async def _changed(changes: Sequence[Callable[[bytes], bytes]], body: Body) -> Body:
    if isinstance(body, bytes):
        return await apart(len(body), _whole, changes, body)
    return _Changing(body, changes)


def _whole(changes: Sequence[Callable[[bytes], bytes]], body: bytes) -> bytes:
    for change in changes:
        body = change(body)
    return body


class _Changing(Pieces):
    """A body whose pieces are changed as they come."""

    def __init__(self, body: Pieces, changes: Sequence[Callable[[bytes], bytes]]) -> None:
        self._body = body
        self._changes = changes

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        return _whole(self._changes, await self._body.__anext__())

    async def aclose(self) -> None:
        await self._body.aclose()
