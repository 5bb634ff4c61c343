"""An application over HTTP as other applications call it: a request of theirs, and what it answers."""

from __future__ import annotations

import re
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import replace
from typing import Final, Self
from urllib.parse import quote

from .. import invocation
from ..bodies import Pieces
from ..http1 import Answer
from ..invocation.headers import TOKEN, end_to_end
from ..invocation.methods import clean, shown
from ..invocation.tracing import with_parent
from .asking import Asking
from .client import Request
from .errors import AppAnswerError
from .streaming import Streamed

#: Requests that may be sent again where a kept connection turns out to have ended. Source: Go's ``net/http``.
_REPEATABLE: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_BAD_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2}).{0,2}", re.DOTALL).search
_SAFE: Final = "/%:@!$&'()*+,;=~-._"


async def invoked(
    client: Asking, request: Request, turn: AbstractAsyncContextManager[None] | None
) -> invocation.Response:
    """Ask, and return the answer; the request's turn is over when all of the answer has been read."""
    if turn is None:
        return response_of(await client.converse(request))
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(turn)
        answer = response_of(await client.converse(request))
        if isinstance(answer.body, bytes):
            return answer
        return replace(answer, body=InTurn(answer.body, stack.pop_all()))


class InTurn(Pieces):
    """The body of an answer, whose end is that of a turn."""

    def __init__(self, body: Pieces, turn: AsyncExitStack) -> None:
        self._body = body
        self._turn = turn

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        try:
            return await self._body.__anext__()
        except BaseException:
            await self._turn.aclose()
            raise

    async def aclose(self) -> None:
        await self._body.aclose()
        await self._turn.aclose()


def request_of(asked: invocation.Request, own: bytes) -> Request:
    """
    Return a request as the application gets it, with the sidecar's own header lines.

    Raises:
        AppAnswerError: it is none that HTTP could carry.
    """
    verb = asked.verb.upper()
    if not verb:
        raise AppAnswerError("missing HTTP extension field")
    if verb in ("NONE", "CONNECT"):
        raise AppAnswerError("invalid HTTP verb")
    lines = [
        f"{name}: {value}\r\n" for name, value in with_parent(end_to_end(asked.headers)) if name != TOKEN
    ]
    content_type = "application/x-protobuf" if asked.type_url else asked.content_type
    if content_type and "\n" not in content_type and "\r" not in content_type:
        lines.append(f"content-type: {content_type}\r\n")
    return Request(
        method=verb,
        path=path_of(asked.method, asked.query),
        headers="".join(lines).encode(errors="replace") + own,
        body=asked.body,
        may_repeat=verb in _REPEATABLE,
    )


def path_of(method: str, query: str) -> str:
    """
    Return path and query as a request has them: escapes stay, and what is no URL is escaped.

    Raises:
        AppAnswerError: a ``%`` begins no escape.
    """
    cleaned = clean(method)
    path = "/" + ("" if cleaned == "." else cleaned.lstrip("/"))
    if found := _BAD_ESCAPE(path):
        raise AppAnswerError(f"parse {shown(path)}: invalid URL escape {shown(found[0])}")
    if not path.isascii() or not path.isalnum():
        path = quote(path, safe=_SAFE)
    return f"{path}?{quote(query, safe=_SAFE + '?')}" if query else path


def response_of(answer: Answer | Streamed) -> invocation.Response:
    """Return what the application answered."""
    headers = tuple((name.decode(), text_of(value)) for name, value in answer.headers)
    return invocation.Response(
        status=answer.status,
        headers=(*end_to_end(headers),),
        content_type=next((value for name, value in headers if name == "content-type"), ""),
        body=answer.body,
    )


def text_of(value: bytes) -> str:
    """Return a header's value, in whichever encoding it came."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
