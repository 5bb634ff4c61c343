"""One connection of the HTTP server: bytes in, requests in order, one write for what is ready together."""

from __future__ import annotations

import asyncio

from ...http1 import MalformedError, PrefaceError, UnreadableError, VersionError
from .download import download
from .line import Line
from .owner import Owner, failed
from .refusals import LateError, refused
from .request import Request, Response
from .upload import STREAMED_SECONDS, Upload

#: What may wait to be read while a request is answered; with more, reading pauses.
READ_AHEAD_BYTES = 64 * 1024
#: So many requests of one client are answered before others have their turn.
AT_ONCE = 64
#: How long a head may take, from its first byte to its last. Source: dapr/dapr ``pkg/api/http/server.go``.
HEAD_SECONDS = 10.0
#: How long a body may come without a byte of it.
BODY_SECONDS = 30.0
#: Bodies longer than this are written on their own rather than copied behind their head.
JOINED_BYTES = 64 * 1024
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Connection(Line):
    """Reads requests and answers them in order, one after the other."""

    __slots__ = (
        "_closing", "_due", "_ended", "_owner", "_reader", "_task", "_upload", "_working",
    )  # fmt: skip

    def __init__(self, owner: Owner) -> None:
        super().__init__(owner.watch)
        self._owner = owner
        self._reader = owner.reader()
        self._task: asyncio.Task[None] | None = None
        """What the handler goes on in, if it waits."""
        self._due = False
        """What has come is answered at the end of this turn."""
        self._working = False
        self._closing = False
        self._ended = False
        """The client sends no more."""
        self._upload: Upload | None = None
        """The body that the handler at work reads while it comes, until its answer is out."""

    # what the transport tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._owner.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  the reason changes nothing
        self._deaf = True
        self.relax()
        if self._upload is not None:
            self._upload.fail(ConnectionResetError("the client is gone"))
        if self._task is not None:
            self._task.cancel()
        self._owner.closed(self)

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        self._reader.feed(data)
        if self._upload is not None and not self._upload.done:
            self._upload.more()
        elif self._working:
            if self._reader.unread > READ_AHEAD_BYTES:
                self.pause()
        elif not self._due:
            self._due = True
            self._owner.turn.later(self._begin)

    def eof_received(self) -> bool:
        """Answer what came before the end; a request cut off is none."""
        self._ended = True
        if self._upload is not None and not self._upload.done:
            self._upload.fail(MalformedError("its body is cut off"))
        return self._due or self._working or self._full

    def resume_writing(self) -> None:
        super().resume_writing()
        if not self._working and not self._deaf:
            self._go_on()
        elif self._upload is not None and not self._upload.done:
            self._upload.more()

    # what the server tells

    def drain(self) -> None:
        """Close now if nothing is under way, else behind the answer to what is."""
        self._closing = True
        if not self._working and not self._reader.unread and not self._reader.in_body:
            self._transport.close()

    def expired(self) -> None:
        """End a connection on which nothing moves, unless something did."""
        if self._full or self._deaf:
            super().expired()
        elif self._upload is not None:
            error = LateError(f"nothing more of the request's body came for {STREAMED_SECONDS:g} s")
            self._upload.fail(error)
        elif self._reader.in_body:
            self._refuse(LateError(f"nothing more of the request's body came for {BODY_SECONDS:g} s"))
        else:
            self._refuse(LateError(f"the request's head is not whole after {HEAD_SECONDS:g} s"))

    # inside

    def _begin(self) -> None:
        """Answer what came in this turn."""
        self._due = False
        if not self._working and not self._deaf:
            self._go_on()

    def _go_on(self) -> None:
        """Answer what has come, if its answer could be sent."""
        request = self._next()
        if request is None:
            self._wait()
            return
        if self._reader.upgrades and not self._reader.unread and self._upgrade(request):
            return
        if self._watched:
            self.relax()  # a handler has its own time
        self._working = True
        self._in_burst = True
        task = self._owner.starting.begin(self._work(request), self._worked)
        self._in_burst = False
        self._flush()
        if task is not None and self._working:
            self._task = task
            self._owner.began(self)

    def _next(self) -> Request | None:
        """Return the next request that is whole and may be answered now."""
        if self._full or self._deaf:
            return None
        try:
            request = self._reader.next()
        except UnreadableError as error:
            self._refuse(error)
            return None
        except PrefaceError:
            self._switch()
            return None
        if (request is None or self._reader.streaming) and self._reader.expects:
            self._write(_CONTINUE)
        if request is not None and self._reader.streaming:
            self._upload = Upload(self, self._reader)
            request.stream = self._upload.stream
            self._upload.more()
        return request

    async def _work(self, request: Request | None) -> None:
        """Answer one request after the other, as long as there are any."""
        reader, handle, count = self._reader, self._owner.handle, 0
        try:
            while request is not None:
                old, last = reader.old, reader.last
                try:
                    response = await handle(request)
                except UnreadableError as error:  # of a body that was handed on while it came
                    response = refused(error)
                except Exception as error:  # noqa: BLE001  the connection outlives a request; it is logged
                    response = failed(request, error)
                last = last or (self._closing and not reader.unread)
                if self._upload is None and response.pieces is None:
                    self._respond(response, last=last, old=old, bodiless=request.method == "HEAD")
                    if last:
                        self._close()
                else:
                    await self._go_through(request, response, last=last, old=old)
                request = self._next() if reader.unread else None
                count += 1
                if not count % AT_ONCE:
                    self._flush()
                    await asyncio.sleep(0)
        except asyncio.CancelledError:
            # cancelled from elsewhere: no answer will come
            self._transport.abort()
            raise
        finally:
            self._worked()
        self._wait()

    def _worked(self) -> None:
        """Take note that no handler is at work."""
        self._working = False
        if self._task is not None:
            self._task = None
            self._owner.idle(self)

    def _wait(self) -> None:
        """Take in what comes next, and give it its time."""
        if self._full or self._deaf:
            return
        if self._ended:
            self._close()
            return
        if self._paused:
            self.resume()
        if self._reader.in_body:
            self.limit(BODY_SECONDS)
        elif self._reader.unread:
            if not self._watched:
                self.limit(HEAD_SECONDS)
        elif self._closing:
            self._close()
        elif self._watched:
            self.relax()

    def _respond(self, response: Response, *, last: bool, old: bool, bodiless: bool = False) -> None:
        if self._transport.is_closing():
            return
        if self._watched:
            self.relax()
        body = b"" if bodiless or response.status == 204 else response.body
        head = self._owner.heads.of(response, last=last, old=old)
        if len(body) > JOINED_BYTES:
            self._write(head)
            self._write(body)
            self._flush()
        else:
            self._write(head + body)

    @property
    def _unfinished(self) -> bool:
        """Whether a body that is handed on while it comes has not come to its end."""
        return self._upload is not None and not self._upload.done

    async def _go_through(self, request: Request, response: Response, *, last: bool, old: bool) -> None:
        """Answer where a body is handed on while it comes: the request's, the answer's, or both."""
        bodiless = request.method == "HEAD"
        if response.pieces is None:
            last = last or self._unfinished
            self._respond(response, last=last, old=old, bodiless=bodiless)
        else:
            await self._stream(response, last=last, old=old, bodiless=bodiless)
        if self._unfinished:
            self._leave()
        elif last:
            self._close()
        self._upload = None

    async def _stream(self, response: Response, *, last: bool, old: bool, bodiless: bool) -> None:
        """Send an answer whose body is not there yet."""
        pieces = response.pieces
        assert pieces is not None  # it was asked
        head = self._owner.heads.streamed(response, last=last or old, old=old)
        if bodiless or response.status in (204, 304):
            self._write(head)
            await pieces.aclose()
        elif not await self.give(head) or not await download(pieces, self, chunked=not old):
            self._transport.abort()
        elif old:
            self._close()

    def _refuse(self, error: UnreadableError) -> None:
        """Answer, behind what came before, why this is not read on."""
        self._deaf = True
        self._respond(refused(error), last=True, old=False)
        self._leave()

    def _switch(self) -> None:
        """Go on with HTTP/2, where that can be spoken."""
        self.relax()
        if self._owner.switch(self._transport, self._reader.rest()):
            self._deaf = True
            self._owner.closed(self)
        else:
            message = "HTTP/2 is not spoken here, because ngh2 is not installed; HTTP/1.1 is"
            self._refuse(VersionError(message))

    def _upgrade(self, request: Request) -> bool:
        self.relax()
        if self._ended or self._closing or not self._owner.upgrade(self._transport, request):
            return False
        self._deaf = True
        self._owner.closed(self)
        return True
