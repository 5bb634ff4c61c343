"""The caller's end of a streaming call."""

from __future__ import annotations

import asyncio
from typing import Final

from ngh2 import ErrorCode

from ..calls import ClientStream, Pairs
from ..checks import check_size
from ..h2 import Connection, Fields
from ..limits import Limits
from ..status import Code, StatusError
from .headers import metadata_of
from .messages import Messages, write_message
from .outgoing import Ending, Outgoing
from .statuses import status_of_http


class Ngh2Stream(ClientStream):
    """A call under way, or one that waits for its connection."""

    def __init__(self, ending: Ending, limits: Limits) -> None:
        self._ending = ending
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._wire: Wire | None = None
        self._half_closed = False
        self._news: list[asyncio.Future[None]] = []
        self.messages: Messages = Messages(limits.receive_bytes)
        self.headers_seen: Pairs | None = None
        self._trailers: Pairs = ()
        self._over = False
        self._status: StatusError | None = None
        self._ours = False
        """It was ended here, not by the peer."""
        self._timer: asyncio.TimerHandle | None = None
        if ending.timeout is not None:
            self._timer = self._loop.call_later(ending.timeout, lambda: self.fail(ending.late()))

    # what the caller does

    async def send(self, message: bytes) -> None:
        check_size(message, self._limits.send_bytes)
        if self._half_closed:
            raise RuntimeError(f"{self._ending.method}: send after half_close")
        while self._wire is None and not self._over:
            await self._change()
        if self._over or self._wire is None:
            raise self._end()
        write_message(self._wire, message)
        if not self._wire.has_room:
            await self._wire.roomy()
            if self._over:
                raise self._end()

    async def half_close(self) -> None:
        if not self._half_closed:
            self._half_closed = True
            if self._wire is not None and not self._over:
                self._wire.write_end()

    async def receive(self) -> bytes | None:
        while not self.messages.ready:
            if self._over:
                if self._status is not None:
                    raise self._end()
                return None
            await self._change()
        message, freed = self.messages.take()
        if self._wire is not None:
            self._wire.consumed(freed)
        if self._over and not self.messages.ready:
            self._tell()
        return message

    async def headers(self) -> Pairs:
        while self.headers_seen is None and not self._over:
            await self._change()
        if self.headers_seen is None and self._ours:
            raise self._end()
        return self.headers_seen or ()

    async def trailers(self) -> Pairs:
        while not self._over or self.messages.ready:
            await self._change()
        return self._trailers

    def cancel(self, reason: str) -> None:
        if not self._over or self.messages.ready:
            self._over = False
            self.fail(StatusError(Code.CANCELLED, reason))

    # what its channel and connection do

    def begin(self, wire: Wire) -> None:
        """Go on with the call on a stream that was opened for it."""
        self._wire = wire
        if self._half_closed:
            wire.write_end()
        self._tell()

    @property
    def over(self) -> bool:
        """Whether the call has ended; messages may be left to receive."""
        return self._over

    def fail(self, error: StatusError) -> None:
        """End the call here, unless it has ended; what nobody has received is dropped."""
        if self._over:
            return
        self._ours = True
        self.messages.ready.clear()
        self.finish(error, ())
        if self._wire is not None:
            self._wire.consumed(self.messages.free())
            self._wire.reset(ErrorCode.CANCEL)

    def finish(self, status: StatusError | None, trailers: Fields) -> None:
        """Take the end of the call."""
        if self._over:
            return
        try:
            self._trailers = metadata_of(trailers)
        except ValueError as error:
            status = status or StatusError(Code.INTERNAL, str(error))
        self._over = True
        self._status = status
        if self._timer is not None:
            self._timer.cancel()
        self._tell()

    def tell(self) -> None:
        """Let whoever waits look again."""
        self._tell()

    def told(self, trailers: Fields) -> None:
        """Take the end that the peer says."""
        self.finish(self._ending.told(trailers), trailers)

    def cut(self, code: int | None, reason: str) -> None:
        """Take the end of the stream, if the peer has not said any."""
        self._ours = self._ours or not self._over
        self.finish(self._ending.cut(code, reason), ())

    def _end(self) -> StatusError:
        """Return how the call ended, anew for each who asks."""
        if self._status is None:
            text = f"{self._ending.address} has ended {self._ending.method} with OK"
            return StatusError(Code.CANCELLED, text)
        return StatusError(self._status.code, self._status.message, self._status.details)

    async def _change(self) -> None:
        news = self._loop.create_future()
        self._news.append(news)
        try:
            await news
        finally:
            if news in self._news:
                self._news.remove(news)

    def _tell(self) -> None:
        news, self._news = self._news, []
        for waiting in news:
            if not waiting.done():
                waiting.set_result(None)


class Wire(Outgoing):
    """The stream that a call goes by."""

    def __init__(self, connection: Connection, number: int, call: Ngh2Stream) -> None:
        super().__init__(connection, number)
        self._call: Final = call

    def on_headers(self, fields: Fields) -> None:
        status = status_of_http(fields)
        if status is None:
            try:
                self._call.headers_seen = metadata_of(fields)
            except ValueError as error:
                status = StatusError(Code.INTERNAL, str(error))
        if status is not None:
            self._call.fail(status)
            return
        self._call.messages.encoding = dict(fields).get(b"grpc-encoding", b"identity")
        self._call.tell()

    def on_data(self, data: bytes) -> None:
        if self._call.over:
            self.consumed(len(data))
            return
        try:
            freed = self._call.messages.feed(data)
        except StatusError as error:
            self._call.fail(error)
            return
        self.consumed(freed)
        self._call.tell()

    def on_end(self, trailers: Fields) -> None:
        self._call.told(trailers)
        self.leave()

    def on_close(self, code: int | None, reason: str) -> None:
        self._call.cut(code, reason)

    def fail(self, error: StatusError) -> None:
        self._call.fail(error)
