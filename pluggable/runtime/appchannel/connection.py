"""One connection to an HTTP/1.1 server: a request goes out, its answer comes in, then the next."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from ..http1 import Answer as Response, ResponseReader, UnreadableError
from .errors import AppAnswerError


class ConnectionEndedError(Exception):
    """The connection ended before the answer did; ``sent`` says that the request may have arrived."""

    def __init__(self, *, sent: bool, answer_begun: bool) -> None:
        super().__init__("the connection ended")
        self.sent = sent
        self.answer_begun = answer_begun


class Connection(asyncio.Protocol):
    """Speaks HTTP/1.1 as a client, one exchange at a time."""

    def __init__(self, max_body_bytes: int, ended: Callable[[Connection], None]) -> None:
        self._ended = ended
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[Response] | None = None
        self._reader = ResponseReader(max_body_bytes)
        self._begun = False
        self._usable = True

    @property
    def reusable(self) -> bool:
        """Whether another request may follow, now that no exchange is under way."""
        return self._usable and self._reader.keeps

    async def exchange(self, head: bytes, body: bytes) -> Response:
        """
        Send a request and return its answer. If this raises, the connection is of no more use.

        Raises:
            ConnectionEndedError: before the answer was whole.
            AppAnswerError: what came is no HTTP, or too long.
        """
        if self._transport is None or self._transport.is_closing():
            raise ConnectionEndedError(sent=False, answer_begun=False)
        self._waiter = asyncio.get_running_loop().create_future()
        self._begun = False
        self._reader.begin(bodiless=head.startswith(b"HEAD "))
        if body:
            self._transport.writelines((head, body))
        else:
            self._transport.write(head)
        return await self._waiter

    def abort(self) -> None:
        """End the connection now."""
        self._usable = False
        if self._transport is not None:
            self._transport.abort()

    # --- what the transport calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but its bases

    def data_received(self, data: bytes) -> None:
        if self._waiter is None:
            self.abort()  # an answer to nothing: often 408, as a server gives up waiting
            return
        self._begun = True
        try:
            answer = self._reader.feed(data)
        except UnreadableError as error:
            self._fail(AppAnswerError(f"the application's answer cannot be read: {error}"))
        else:
            if answer is not None:
                self._finish(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        self._usable = False
        if self._waiter is not None:
            answer = self._reader.end() if exc is None else None
            if answer is not None:
                self._finish(answer)
            else:
                self._fail(ConnectionEndedError(sent=True, answer_begun=self._begun))
        self._ended(self)

    def _finish(self, answer: Response) -> None:
        waiter, self._waiter = self._waiter, None
        self._reader.begin()  # so that an idle connection holds no answer
        if waiter is not None and not waiter.done():
            waiter.set_result(answer)

    def _fail(self, error: Exception) -> None:
        waiter, self._waiter = self._waiter, None
        self.abort()
        if waiter is not None and not waiter.done():
            waiter.set_exception(error)
