"""The kinds of calls that come in: with one message, or with many."""

from __future__ import annotations

import asyncio

from ..calls import ServerStream, StreamHandler, UnaryHandler
from ..h2 import Connection, Fields, Stream
from ..status import Code, StatusError
from .headers import Sent
from .heads import Head
from .incoming import Answering, Incoming
from .messages import Messages, whole


class UnaryIncoming(Incoming):
    """A call with one message, whose handler begins when that is there."""

    _request: bytes | None = None
    _messages: Messages | None = None

    def __init__(
        self,
        server: Answering,
        connection: Connection,
        number: int,
        head: Head,
        timeout: float | None,
        handle: UnaryHandler,
    ) -> None:
        super().__init__(server, connection, number, head, timeout)
        self._handle = handle

    def on_data(self, data: bytes) -> None:
        self.consumed(len(data))  # a message of one call is held, whatever its size, and no second one
        if self.ended:
            return
        limit = self._server.limits.receive_bytes
        try:
            if self._messages is None:
                if self._request is None and (request := whole(data, limit)) is not None:
                    self._request = request
                    return
                self._messages = Messages(limit, self._head.encoding)
            self._messages.feed(data)
        except StatusError as error:
            self.finish(error)
            return
        if len(self._messages.ready) + (self._request is not None) > 1:
            self.finish(self._not_one("more than one"))

    def on_end(self, trailers: Fields) -> None:  # noqa: ARG002  a request's say nothing
        if self._messages is not None and self._messages.ready:
            self._request, _ = self._messages.take()
        if self._messages is not None and self._messages.incomplete:
            self.finish(StatusError(Code.INTERNAL, f"the message for {self.method} is cut off"))
        elif self._request is None:
            self.finish(self._not_one("none"))
        else:
            self.start()

    def _not_one(self, found: str) -> StatusError:
        return StatusError(Code.UNIMPLEMENTED, f"{self.method} takes one message; {found} came")

    async def _work(self) -> None:
        assert self._request is not None  # on_end has seen to it
        self.send_message(await self._handle(self._request, self))


class StreamIncoming(Incoming, ServerStream):
    """A call whose handler sends and receives itself; it begins at once."""

    def __init__(
        self,
        server: Answering,
        connection: Connection,
        number: int,
        head: Head,
        timeout: float | None,
        handle: StreamHandler,
    ) -> None:
        super().__init__(server, connection, number, head, timeout)
        self._handle = handle
        self._messages = Messages(server.limits.receive_bytes, head.encoding)
        self._news: asyncio.Future[None] | None = None
        connection.later(self.start)

    async def _work(self) -> None:
        await self._handle(self)

    async def receive(self) -> bytes | None:
        while not self._messages.ready:
            if self.closed or self.ended:
                raise StatusError(Code.CANCELLED, "the call has ended")
            if self.peer_ended:
                return None
            news = self._news = self.connection.loop.create_future()
            await news
        message, freed = self._messages.take()
        self.consumed(freed)
        return message

    async def send(self, message: bytes) -> None:
        self.send_message(message)
        if not self.has_room:
            await self.roomy()

    def on_data(self, data: bytes) -> None:
        try:
            freed = self._messages.feed(data)
        except StatusError as error:
            self.consumed(self._messages.free())
            self.cut(error)
        else:
            self.consumed(freed)
            self._wake_receiver()

    def on_end(self, trailers: Fields) -> None:  # noqa: ARG002  as above
        if self._messages.incomplete:
            self.cut(StatusError(Code.INTERNAL, f"a message for {self.method} is cut off"))
        self._wake_receiver()

    def on_close(self, code: int | None, reason: str) -> None:
        self._messages.ready.clear()
        self.consumed(self._messages.free())
        super().on_close(code, reason)

    def _wake_receiver(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)


class Refused(Stream):
    """A request that is answered by header fields alone."""

    def __init__(self, connection: Connection, number: int, fields: Sent) -> None:
        super().__init__(connection, number)
        self.respond(fields, last=True)
        connection.finish(self)

    def on_headers(self, fields: Fields) -> None:
        pass

    def on_data(self, data: bytes) -> None:
        self.consumed(len(data))

    def on_end(self, trailers: Fields) -> None:
        pass

    def on_close(self, code: int | None, reason: str) -> None:
        pass
