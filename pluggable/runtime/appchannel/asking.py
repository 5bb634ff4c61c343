"""What an HTTP client of an application is, whichever version of HTTP it speaks."""

from __future__ import annotations

from typing import Protocol

from ..bodies import LongBodyError, whole
from ..http1 import Answer
from .client import Request
from .errors import AppAnswerError
from .streaming import Streamed


class Asking(Protocol):
    """Requests to one address."""

    async def request(self, request: Request, timeout_seconds: float | None = None) -> Answer:
        """
        Ask and return the whole answer.

        Raises:
            AppUnreachableError: no connection, or it ended before the answer did.
            AppTimedOutError: no whole answer in time.
            AppAnswerError: what came is no answer, or longer than allowed.
        """

    async def converse(self, request: Request) -> Answer | Streamed:
        """
        Ask and return the answer when its head has come; a body that is not there yet may come in pieces.

        Raises:
            AppUnreachableError: no connection, or it ended before the answer began.
            AppAnswerError: what came is no answer, or longer than allowed.
        """

    async def connectable(self) -> bool:
        """Whether somebody listens at the address."""

    def close(self) -> None:
        """End all connections; requests under way fail, and so do later ones."""


async def whole_body(request: Request, most_bytes: int) -> bytes:
    """
    Return a request's body when all of it has come.

    Raises:
        AppAnswerError: it is longer.
    """
    try:
        return await whole(request.body, most_bytes)
    except LongBodyError as error:
        raise AppAnswerError(f"{request.method} {request.path}: {error}") from error
