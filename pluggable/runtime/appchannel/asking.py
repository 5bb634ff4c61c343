"""What an HTTP client of an application is, whichever version of HTTP it speaks."""

from __future__ import annotations

from typing import Protocol

from ..http1 import Answer
from .client import Request
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
        Ask and return the answer when its head has come; a body that is not there yet comes in pieces.

        Those hold what they come from until they have been read or closed.

        Raises:
            AppUnreachableError: no connection, or it ended before the answer began; reading its body raises
                it where that is cut off.
            AppAnswerError: what came is no answer.
            Exception: what reading the request's body raised.
        """

    async def connectable(self) -> bool:
        """Whether somebody listens at the address."""

    def close(self) -> None:
        """End all connections; requests under way fail, and so do later ones."""
