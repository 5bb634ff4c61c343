"""One request over HTTP/2, and its answer: whole, or in pieces from its head on."""

from __future__ import annotations

import asyncio
from abc import abstractmethod

from ngh2 import ErrorCode

from ...transport.h2 import Connection, Fields, Stream
from ..bodies import BodyStream, Pieces
from ..gathered import Gathered
from ..http1 import Answer as Response
from .errors import AppAnswerError
from .streaming import ConnectionEndedError, Streamed


class Exchange(Stream):
    """A request that is sent, and an answer that comes."""

    def __init__(self, connection: Connection, number: int) -> None:
        super().__init__(connection, number)
        self.status: int = 0
        """The answer's; 0 while its head has not come."""
        self.headers: Fields = ()
        self._upload: asyncio.Task[None] | None = None

    def send(self, body: bytes | Pieces) -> None:
        """Send the request's body, and nothing more."""
        if isinstance(body, bytes):
            self.write(body, last=True)
        else:
            self._upload = asyncio.create_task(self._send(body))

    def leave(self) -> None:
        """End what has not ended: nobody waits for the answer, or it came before all was sent."""
        if self._upload is not None:
            self._upload.cancel()
        if self.closed:
            return
        all_sent = self.ended and not self.connection.engine.queued_body_size(self.number)
        if not (self.peer_ended and all_sent):
            self.reset(ErrorCode.NO_ERROR if self.peer_ended else ErrorCode.CANCEL)

    @abstractmethod
    def fail(self, error: Exception) -> None:
        """Tell who waits for the answer, or reads it."""

    def head_came(self) -> None:
        """Tell who waits for no more than that."""

    @abstractmethod
    def all_came(self) -> None:
        """Tell who waits for all of it."""

    # --- what the connection tells

    def on_headers(self, fields: Fields) -> None:
        status = int(dict(fields).get(b":status", b"0"))
        if status >= 200:  # what is less is a word in between
            self.status = status
            self.headers = tuple(field for field in fields if not field[0].startswith(b":"))
            self.head_came()

    def on_end(self, trailers: Fields) -> None:
        if not self.status:
            self.on_headers(trailers)  # an answer without a body is one list
        self.all_came()
        self.leave()

    def on_close(self, code: int | None, reason: str) -> None:  # noqa: ARG002  who asked is told what follows
        taken = code != ErrorCode.REFUSED_STREAM
        self.fail(ConnectionEndedError(sent=taken, answer_begun=self.status > 0))

    async def _send(self, body: Pieces) -> None:
        try:
            async for piece in body:
                if self.closed:
                    return
                self.write(piece)
                if not self.has_room:
                    await self.roomy()
            self.write_end()
        except Exception as error:  # noqa: BLE001  it is told to who asked, whatever it is
            self.fail(error)
            self.leave()
        finally:
            await body.aclose()


class Whole(Exchange):
    """An answer that is held until all of it has come, up to a limit."""

    def __init__(self, connection: Connection, number: int, most_bytes: int) -> None:
        super().__init__(connection, number)
        self.answer: asyncio.Future[Response] = connection.loop.create_future()
        self._most_bytes = most_bytes
        self._body = Gathered()
        self._size = 0

    def on_data(self, data: bytes) -> None:
        self.consumed(len(data))
        self._size += len(data)
        if self._size <= self._most_bytes:
            self._body.append(data)
            return
        limit = f"longer than {self._most_bytes} bytes"
        self.fail(AppAnswerError(f"the application's answer cannot be read: its body is {limit}"))
        self.leave()

    def all_came(self) -> None:
        if not self.answer.done():
            self.answer.set_result(Response(self.status, self.headers, self._body.take()))

    def fail(self, error: Exception) -> None:
        self._body.drain()
        if not self.answer.done():
            self.answer.set_exception(error)


class Piecewise(Exchange):
    """An answer that is had when its head has come; the server is asked for more of it as it is read."""

    def __init__(self, connection: Connection, number: int) -> None:
        super().__init__(connection, number)
        self.answer: asyncio.Future[Streamed] = connection.loop.create_future()
        self._body = BodyStream(self.consumed, self.leave)

    def on_data(self, data: bytes) -> None:
        self._body.feed(data)

    def head_came(self) -> None:
        if not self.answer.done():
            self.answer.set_result(Streamed(self.status, self.headers, self._body))

    def all_came(self) -> None:
        self._body.end()

    def fail(self, error: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)
        self._body.fail(error)
