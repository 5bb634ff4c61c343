"""One connection to an HTTP/1.1 server: a request goes out, its answer comes in, then the next."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from ..bodies import AHEAD_BYTES, BodyStream, Pieces
from ..http1 import Answer as Response, ResponseReader, UnreadableError
from .errors import AppAnswerError
from .streaming import ConnectionEndedError, Streamed, sent


class Connection(asyncio.Protocol):
    """Speaks HTTP/1.1 as a client, one exchange at a time."""

    def __init__(self, max_body_bytes: int, ended: Callable[[Connection], None]) -> None:
        self._ended = ended
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[Response | Streamed] | None = None
        self._reader = ResponseReader(max_body_bytes)
        self._begun = False
        self._usable = True
        self._streams = False
        """The answer may be had before its body is whole."""
        self._stream: BodyStream | None = None
        """The body of an answer that was had so, while it comes."""
        self._upload: asyncio.Task[None] | None = None
        """Sends a body that comes in pieces."""
        self._room: asyncio.Future[None] | None = None
        self._full = False

    @property
    def reusable(self) -> bool:
        """Whether another request may follow, now that no exchange is under way."""
        return self._usable and self._reader.keeps and self._upload is None

    async def exchange(self, head: bytes, body: bytes) -> Response:
        """
        Send a request and return its answer. If this raises, the connection is of no more use.

        Raises:
            ConnectionEndedError: before the answer was whole.
            AppAnswerError: what came is no HTTP, or too long.
        """
        return cast("Response", await self._begin(head, body))

    async def converse(self, head: bytes, body: bytes | Pieces) -> Response | Streamed:
        """
        Send a request and return its answer, at the latest when its head is there.

        A request's body in pieces goes out while the answer comes; when that ends, no more of it is sent. An
        answer's body that has fewer bytes than its length says is taken for whole.

        Raises:
            ConnectionEndedError: before the answer had begun.
            AppAnswerError: what came is no HTTP.
            Exception: what reading the request's body raised.
        """
        self._streams = True
        return await self._begin(head, body)

    def abort(self) -> None:
        """End the connection now."""
        self._usable = False
        if self._transport is not None:
            self._transport.abort()

    async def _begin(self, head: bytes, body: bytes | Pieces) -> Response | Streamed:
        if self._transport is None or self._transport.is_closing():
            raise ConnectionEndedError(sent=False, answer_begun=False)
        self._waiter = asyncio.get_running_loop().create_future()
        self._begun = False
        self._reader.begin(bodiless=head.startswith(b"HEAD "), endless=self._streams)
        if not isinstance(body, bytes):
            self._transport.write(head)
            self._upload = asyncio.create_task(self._send(body))
        elif body:
            self._transport.writelines((head, body))
        else:
            self._transport.write(head)
        return await self._waiter

    async def _send(self, body: Pieces) -> None:
        try:
            if await sent(body, self):
                self._upload = None
        except Exception as error:  # noqa: BLE001  it is told to who asked, whatever it is
            self._fail(error)

    async def give(self, data: bytes) -> bool:
        """Write, wait until the server may be sent more, and return whether it is still there."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return False
        transport.write(data)
        while self._full and not transport.is_closing():
            self._room = asyncio.get_running_loop().create_future()
            await self._room
        return not transport.is_closing()

    # --- what the transport calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but its bases

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        if self._room is not None and not self._room.done():
            self._room.set_result(None)

    def data_received(self, data: bytes) -> None:
        if self._waiter is None and self._stream is None:
            self.abort()  # an answer to nothing: often 408, as a server gives up waiting
            return
        self._begun = True
        try:
            answer = self._reader.feed(data)
        except UnreadableError as error:
            self._fail(AppAnswerError(f"the application's answer cannot be read: {error}"))
            return
        if self._stream is not None:
            self._go_on(self._stream, answer)
        elif answer is not None:
            self._finish(answer)
        elif self._streams and self._reader.head is not None:
            self._begin_stream(self._reader.head)

    def connection_lost(self, exc: Exception | None) -> None:
        self._usable = False
        if self._waiter is not None or self._stream is not None:
            answer = self._reader.end(short=self._streams) if exc is None else None
            if answer is None:
                self._fail(ConnectionEndedError(sent=True, answer_begun=self._begun))
            elif self._stream is not None:
                self._go_on(self._stream, answer)
            else:
                self._finish(answer)
        self._stop_sending()
        self._ended(self)

    def _begin_stream(self, head: tuple[int, tuple[tuple[bytes, bytes], ...]]) -> None:
        """Hand over an answer whose body is yet to come."""
        self._stream = BodyStream(self._taken, self.abort)
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(Streamed(*head, self._stream))
        self._go_on(self._stream, None)

    def _go_on(self, stream: BodyStream, answer: Response | None) -> None:
        """Hand on what has come of such a body."""
        for piece in [answer.body] if answer is not None else self._reader.drain():
            stream.feed(piece)
        if answer is not None:
            self._stream = None
            self._stop_sending()
            self._reader.begin()
            stream.end()
        elif stream.waiting > AHEAD_BYTES and self._transport is not None:
            self._transport.pause_reading()

    def _taken(self, size: int) -> None:  # noqa: ARG002  what waits is what counts
        stream, transport = self._stream, self._transport
        if stream is None or transport is None or transport.is_closing():
            return
        if stream.waiting <= AHEAD_BYTES // 2:
            transport.resume_reading()

    def _finish(self, answer: Response) -> None:
        waiter, self._waiter = self._waiter, None
        self._stop_sending()
        self._reader.begin()  # so that an idle connection holds no answer
        if waiter is not None and not waiter.done():
            waiter.set_result(answer)

    def _fail(self, error: Exception) -> None:
        waiter, self._waiter = self._waiter, None
        stream, self._stream = self._stream, None
        self.abort()
        if waiter is not None and not waiter.done():
            waiter.set_exception(error)
        if stream is not None:
            stream.fail(error)

    def _stop_sending(self) -> None:
        """Send no more of a body, since its answer is there; the connection cannot be used again."""
        if self._upload is not None:
            self._upload.cancel()
            self._usable = False
