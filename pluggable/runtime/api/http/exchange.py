"""One request over HTTP/2 and its answer, on a stream."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from ngh2 import ErrorCode

from ....transport.h2 import Connection, Fields, Stream
from ...bodies import BodyStream
from ...gathered import Gathered
from ...http1 import LongBodyError, MalformedError, UnreadableError
from .connection import BODY_SECONDS
from .download import download
from .heads import Heads
from .line import UNREAD_SECONDS
from .owner import Handle, failed
from .refusals import LateError, refused
from .request import Request, Response
from .slow import Watch
from .starting import Starting
from .upload import STREAMED_SECONDS

#: Written at once; longer bodies in such pieces, each when there is room.
_PIECE_BYTES = 64 * 1024


class Serving(Protocol):
    """The server, as far as HTTP/2 needs it."""

    handle: Handle
    heads: Heads
    watch: Watch
    max_head_bytes: int
    max_body_bytes: int
    streams: Callable[[Request], bool] | None

    @property
    def starting(self) -> Starting:
        """Begins handlers."""

    def changed(self) -> None:
        """Look again, if the server is closing, whether anything is left."""


class AtWork(Protocol):
    """Who counts the exchanges whose handlers wait."""

    def began(self, exchange: Exchange) -> None:
        """Count it in."""

    def left(self, exchange: Exchange) -> None:
        """Count it out."""


class Exchange(Stream):
    """Reads a request to its end, has it answered, and writes the answer as the client takes it."""

    def __init__(
        self, at_work: AtWork, server: Serving, connection: Connection, number: int, request: Request
    ) -> None:
        super().__init__(connection, number)
        self._at_work = at_work
        self._server = server
        self._request = request
        self._body = Gathered()
        self._size = 0
        self._refused = False
        self._stream: BodyStream | None = None
        """The body, where the handler reads it while it comes."""
        self._credit = 0
        """How many bytes of it were held for the handler, and taken off the peer's window before."""
        self._full = False
        """Whether the client does not take its answer."""
        self._task: asyncio.Task[None] | None = None

    def expect_body(self) -> None:
        """Give the rest of the request its time, and say so to a client that waits for it."""
        self._server.watch.expect(self, BODY_SECONDS)
        if self._request.headers.get("expect", "").lower() == "100-continue":
            self.connection.later(self._continue)

    def refuse(self, error: UnreadableError) -> None:
        """Answer why the request is not read on; what still comes of it is dropped."""
        self._refused = True
        self._body.drain()
        self._server.watch.relax(self)
        if self.closed:
            return
        response = refused(error)
        self.respond(self._server.heads.fields(response))
        self.write(response.body, last=True)
        if not self.peer_ended:
            self.connection.finish(self)

    # what the connection tells

    def on_headers(self, fields: Fields) -> None:
        pass  # a request has one list, and its trailers come with its end

    def on_data(self, data: bytes) -> None:
        if self._stream is None or self._refused:
            self.consumed(len(data))  # a body is held whole, up to its limit
        if self._refused:
            return
        self._size += len(data)
        if self._size > self._server.max_body_bytes:
            most = self._server.max_body_bytes
            self._fail(LongBodyError(f"the body is longer than the {most} bytes taken"))
        elif self._stream is not None:
            self._stream.feed(data)
            self._server.watch.expect(self, STREAMED_SECONDS)
        else:
            if not self._body and self._may_stream():
                self.connection.later(self._begin_stream)
            self._body.append(data)
            self._server.watch.expect(self, BODY_SECONDS)

    def on_end(self, trailers: Fields) -> None:  # noqa: ARG002  a request's say nothing
        if self._stream is not None:
            self._server.watch.relax(self)
            self._stream.end()
        elif not self._refused:
            self._server.watch.relax(self)
            self.connection.later(self.start)

    def on_close(self, code: int | None, reason: str) -> None:
        self._server.watch.relax(self)
        if self._stream is not None:
            self._stream.fail(MalformedError(f"its body is cut off: {reason or code}"))
        if self._task is not None:
            self._task.cancel()

    def expired(self) -> None:
        """Give up a client that does not go on with its request, or does not take its answer."""
        if self.peer_ended or self._refused or self._full:
            self.reset(ErrorCode.CANCEL)
            self.on_close(None, "")
        else:
            seconds = BODY_SECONDS if self._stream is None else STREAMED_SECONDS
            self._fail(LateError(f"nothing more of the request's body came for {seconds:g} s"))

    # a body that the handler reads while it comes

    def _may_stream(self) -> bool:
        streams, request = self._server.streams, self._request
        return streams is not None and "content-length" not in request.headers and streams(request)

    def _begin_stream(self) -> None:
        """Start the handler with what has come, unless that is all."""
        if self.peer_ended or self.closed or self._refused:
            return
        self._credit = self._size
        self._stream = self._request.stream = BodyStream(self._taken)
        for piece in self._body.drain():
            self._stream.feed(piece)
        self._server.watch.expect(self, STREAMED_SECONDS)
        self.start()

    def _taken(self, size: int) -> None:
        free = max(size - self._credit, 0)
        self._credit -= size - free
        self.consumed(free)

    def _fail(self, error: UnreadableError) -> None:
        """Tell the handler, if it reads, or the client."""
        if self._stream is not None and not self._stream.ended:
            self._refused = True
            self._server.watch.relax(self)
            self._stream.fail(error)
        else:
            self.refuse(error)

    # how it is answered

    def start(self) -> None:
        """Run the handler, here and now until it waits."""
        if self.closed:
            return
        if self._body:
            self._request.body = self._body.take()
        task = self._server.starting.begin(self._work(self._request), self._worked)
        if task is not None and not self.ended:
            self._task = task
            self._at_work.began(self)

    async def _work(self, request: Request) -> None:
        try:
            try:
                response = await self._server.handle(request)
            except UnreadableError as error:  # of a body that was handed on while it came
                response = refused(error)
            except Exception as error:  # noqa: BLE001  the connection outlives a request; it is logged
                response = failed(request, error)
            await self._send(response, bodiless=request.method == "HEAD")
        finally:
            if not self.ended:  # cancelled from elsewhere, or nobody takes the answer
                self.reset(ErrorCode.INTERNAL_ERROR)
                self.ended = True
            self._worked()

    def _worked(self) -> None:
        """Take note that no handler is at work."""
        if self._task is not None:
            self._task = None
            self._at_work.left(self)

    async def _send(self, response: Response, *, bodiless: bool = False) -> None:
        if self.closed:
            return
        bodiless = bodiless or response.status in (204, 304)
        if response.pieces is not None and not bodiless:
            self.respond(self._server.heads.fields(response))
            if await download(response.pieces, self, chunked=False):
                self.write_end()
                self._part()
            return
        body = b"" if bodiless else response.body
        self.respond(self._server.heads.fields(response), last=not body)
        for at in range(0, len(body), _PIECE_BYTES):
            if not await self._roomy():
                return
            self.write(body[at : at + _PIECE_BYTES], last=at + _PIECE_BYTES >= len(body))
        self._part()

    def _part(self) -> None:
        """End the exchange although the client may still be sending what nobody reads."""
        if not self.peer_ended and not self.closed:
            self.connection.finish(self)

    async def give(self, data: bytes) -> bool:
        """Write, when the client may be sent more, and return whether it is still there."""
        for at in range(0, len(data), _PIECE_BYTES):
            if not await self._roomy():
                return False
            self.write(data[at : at + _PIECE_BYTES])
        return not self.closed

    async def _roomy(self) -> bool:
        if not self.has_room:
            self._full = True
            self._server.watch.expect(self, UNREAD_SECONDS)
            await self.roomy()
            self._server.watch.relax(self)
            self._full = False
        return not self.closed

    def _continue(self) -> None:
        """Tell a client that waits for it to send its body."""
        if not (self.closed or self.peer_ended or self._body or self._refused):
            self.connection.engine.send_informational_response(self.number, [(b":status", b"100")])
            self.connection.touched(self)


def request_of(fields: Fields) -> Request:
    """Return the request of a header list, which libnghttp2 has found to be well-formed."""
    told: dict[str, str] = {}
    headers: dict[str, str] = {}
    for name, value in fields:
        key, text = name.decode("latin-1"), value.decode("latin-1")
        if key[:1] == ":":
            told[key] = text
        elif key in headers:
            headers[key] = f"{headers[key]}{'; ' if key == 'cookie' else ', '}{text}"
        else:
            headers[key] = text
    if ":authority" in told:
        headers["host"] = told[":authority"]
    path, _, query = told.get(":path", "").partition("#")[0].partition("?")
    return Request(told[":method"], path, query, headers)
