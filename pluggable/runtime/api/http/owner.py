"""The server as its connections know it, and what they have in common."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Protocol

from ...http1 import RequestReader
from .heads import Heads
from .request import Request, Response, failure
from .slow import Watch
from .starting import Starting
from .turn import Turn

if TYPE_CHECKING:
    from .connection import Connection

logger: logging.Logger = logging.getLogger(__name__)

Handle = Callable[[Request], Awaitable[Response]]


class Routes(Protocol):
    """What answers every request of a server."""

    async def __call__(self, request: Request) -> Response:
        """Answer a request."""

    def streams(self, request: Request) -> bool:
        """Whether the body of a request is handed on while it comes."""


class Owner(Protocol):
    """What a connection knows of its server."""

    handle: Handle
    heads: Heads
    watch: Watch
    turn: Turn

    @property
    def starting(self) -> Starting:
        """Begins handlers."""

    def reader(self) -> RequestReader[Request]:
        """Return what reads a connection's requests."""

    def opened(self, connection: Connection) -> None:
        """Count the connection in."""

    def closed(self, connection: Connection) -> None:
        """Count the connection out."""

    def began(self, connection: Connection) -> None:
        """Take note that a handler of the connection waits for something."""

    def idle(self, connection: Connection) -> None:
        """Take note that it waits no more."""

    def switch(self, transport: asyncio.Transport, data: bytes) -> bool:
        """Go on with HTTP/2 on this transport, with what has come; return whether that can be done."""

    def upgrade(self, transport: asyncio.Transport, request: Request) -> bool:
        """Answer a request over HTTP/2, as it asks to, and go on so; return whether that can be done."""


def failed(request: Request, error: Exception) -> Response:
    """Log what nobody foresaw, and return an answer that says nothing of the code."""
    logger.error("%s %s failed", request.method, request.path, exc_info=error)
    message = f"{request.method} {request.path} failed inside the sidecar; its log says why"
    return failure(500, "ERR_INTERNAL", message)
