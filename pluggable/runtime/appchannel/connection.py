"""One connection to an HTTP/1.1 server: a request goes out, its answer comes in, then the next."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import httptools

from .base import AppAnswerError

#: All headers of an answer together; a server that sends more is not answering.
MAX_HEADER_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Response:
    """A whole answer. Header names are lower case, in the order they came."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    def header(self, name: bytes) -> bytes | None:
        """Return the first header of this (lower-case) name."""
        return next((value for key, value in self.headers if key == name), None)


class ConnectionEndedError(Exception):
    """The connection ended before the answer did; ``sent`` says that the request may have arrived."""

    def __init__(self, *, sent: bool, answer_begun: bool) -> None:
        super().__init__("the connection ended")
        self.sent = sent
        self.answer_begun = answer_begun


class Connection(asyncio.Protocol):
    """Speaks HTTP/1.1 as a client, one exchange at a time."""

    def __init__(self, max_body_bytes: int, ended: Callable[[Connection], None]) -> None:
        self._max_body_bytes = max_body_bytes
        self._ended = ended
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[Response] | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._headers: list[tuple[bytes, bytes]] = []
        self._header_bytes = 0
        self._chunks: list[bytes] = []
        self._body_bytes = 0
        self._begun = False
        self._bounded = False
        self._headers_done = False
        self.reusable: bool = True
        """Whether another request may follow, now that no exchange is under way."""

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
        self._reset()
        if body:
            self._transport.writelines((head, body))
        else:
            self._transport.write(head)
        return await self._waiter

    def abort(self) -> None:
        """End the connection now."""
        self.reusable = False
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
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._fail(AppAnswerError("the application wants to switch protocols, which nobody asked for"))
        except httptools.HttpParserError as error:
            cause = error.__context__ if isinstance(error.__context__, AppAnswerError) else error
            self._fail(AppAnswerError(f"the application's answer cannot be read: {cause}"))

    def connection_lost(self, exc: Exception | None) -> None:
        self.reusable = False
        if self._waiter is not None:
            if exc is None and self._headers_done and not self._bounded:
                self._finish()  # such an answer ends with the connection
            else:
                self._fail(ConnectionEndedError(sent=True, answer_begun=self._begun))
        self._ended(self)

    # --- what the parser calls

    def on_message_begin(self) -> None:
        """Note an answer to nothing, which came in one piece with the last."""
        if self._waiter is None:
            self.reusable = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header."""
        name = name.lower()
        self._header_bytes += len(name) + len(value)
        if self._header_bytes > MAX_HEADER_BYTES:
            raise AppAnswerError(f"its headers are longer than {MAX_HEADER_BYTES} bytes")
        if name in {b"content-length", b"transfer-encoding"}:
            self._bounded = True
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Note that the body begins."""
        self._headers_done = self._parser.get_status_code() >= 200

    def on_body(self, body: bytes) -> None:
        """Keep a piece of the body."""
        self._body_bytes += len(body)
        if self._body_bytes > self._max_body_bytes:
            raise AppAnswerError(f"its body is longer than {self._max_body_bytes} bytes (max-body-size)")
        self._chunks.append(body)

    def on_message_complete(self) -> None:
        """Hand the answer over; 1xx was only a word in between, and after 101 the parser gives up."""
        if self._parser.get_status_code() < 200:
            self._reset()
            return
        self.reusable = self.reusable and self._parser.should_keep_alive()
        self._finish()

    def _finish(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            chunks = self._chunks
            body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
            waiter.set_result(Response(self._parser.get_status_code(), tuple(self._headers), body))

    def _fail(self, error: Exception) -> None:
        waiter, self._waiter = self._waiter, None
        self.abort()
        if waiter is not None and not waiter.done():
            waiter.set_exception(error)

    def _reset(self) -> None:
        self._headers = []
        self._header_bytes = 0
        self._chunks = []
        self._body_bytes = 0
        self._bounded = self._headers_done = False
