"""A call that came in: how its handler is run, and how it is answered."""

from __future__ import annotations

import asyncio
import logging
from abc import abstractmethod
from collections.abc import Mapping
from typing import Protocol

from ..calls import Pairs, ServerCall
from ..checks import check_size
from ..h2 import Connection, Fields, Stream
from ..inplace import InPlace
from ..limits import Limits
from ..status import Code, StatusError
from .headers import Sent, check_list, fields_of
from .heads import Head
from .messages import write_message
from .statuses import DEADLINE, OK, RESPONSE, trailers_of

_LOG = logging.getLogger(__name__)


class Answering(Protocol):
    """The server, as far as a call needs it."""

    limits: Limits
    in_place: InPlace
    at_work: set[Incoming]
    """The calls whose handlers wait for something."""

    def left(self, call: Incoming) -> None:
        """Take note that the handler of such a call is at work no more."""


class Incoming(Stream, ServerCall):
    """A call, from its head to its end; what its kinds have in common."""

    task: asyncio.Task[None] | None = None
    """What the handler goes on in, if it waits."""
    _until: float | None = None
    _timer: asyncio.TimerHandle | None = None
    _headers_sent = False
    _trailers: Sent | None = None

    def __init__(
        self, server: Answering, connection: Connection, number: int, head: Head, timeout: float | None
    ) -> None:
        self.connection = connection
        self.number = number
        self._server = server
        self._head = head
        if timeout is not None:
            self._until = connection.loop.time() + timeout

    # what the handler asks

    @property
    def method(self) -> str:
        return self._head.method

    @property
    def metadata(self) -> Mapping[str, str | bytes]:
        return self._head.metadata

    @property
    def pairs(self) -> Pairs:
        return self._head.pairs

    @property
    def peer(self) -> str:
        return self.connection.peer

    def seconds_left(self) -> float | None:
        return None if self._until is None else max(self._until - self.connection.loop.time(), 0.0)

    async def send_headers(self, metadata: Pairs = ()) -> None:
        if self._headers_sent:
            raise RuntimeError(f"{self.method}: the headers were sent already")
        fields = fields_of(metadata)
        self.check_open()
        check_list([*RESPONSE, *fields], self.connection.peer_header_bytes)
        self._send_response(fields)

    def set_trailers(self, metadata: Pairs) -> None:
        fields = fields_of(metadata)
        check_list([*RESPONSE, *OK, *fields], self.connection.peer_header_bytes)
        self._trailers = fields

    # how it runs

    def start(self) -> None:
        """Run the handler, here and now until it waits."""
        if self.closed or self.ended:
            return
        if self._until is not None and self._until <= self.connection.loop.time():
            self.expire()
            return
        task = self._server.in_place.begin(self._run())
        if task is not None:
            self.task = task
            self._server.at_work.add(self)
            if self._until is not None:
                self._timer = self.connection.loop.call_at(self._until, self.expire)

    @abstractmethod
    async def _work(self) -> None:
        """Call the handler and send what it returns."""

    async def _run(self) -> None:
        status: StatusError | None = None
        try:
            await self._work()
        except StatusError as error:
            status = error
        except asyncio.CancelledError:
            if (self.closed or self.ended) or _being_cancelled():
                raise
            status = StatusError(Code.CANCELLED, f"the handler of {self.method} gave up")
        except Exception:  # noqa: BLE001  the call ends, the server goes on
            _LOG.exception("the handler of %s failed", self.method)
            text = f"the handler of {self.method} failed; the log of the server says why"
            status = StatusError(Code.UNKNOWN, text)
        finally:
            self._left()
        self.finish(status)

    def _left(self) -> None:
        """Take note that the handler is at work no more."""
        if self._timer is not None:
            self._timer.cancel()
        if self.task is not None:
            self.task = None
            self._server.left(self)

    def expire(self) -> None:
        """End the call because its deadline has passed."""
        self.cut(StatusError(Code.DEADLINE_EXCEEDED, DEADLINE))

    def cut(self, status: StatusError) -> None:
        """End the call with this status whatever its handler does, which is cancelled."""
        self.finish(status)
        self._cancel()

    def finish(self, status: StatusError | None) -> None:
        """Send the status, unless the call has ended already."""
        if self.closed or self.ended:
            return
        trailers = OK
        if status is not None or self._trailers:
            trailers = trailers_of(status, self._trailers or [], self.connection.peer_header_bytes)
        if self._headers_sent:
            self.write_trailers(trailers)
        else:
            self.respond([*RESPONSE, *trailers], last=True)
        if not self.peer_ended:
            self.connection.finish(self)

    # what the connection tells

    def on_headers(self, fields: Fields) -> None:
        pass  # a request has one list, and its trailers come with its end

    def on_close(self, code: int | None, reason: str) -> None:  # noqa: ARG002  to a handler all ends are one
        if not self.ended:
            self._cancel()

    def _cancel(self) -> None:
        if self.task is not None:
            self.task.cancel()

    # how messages leave

    def check_open(self) -> None:
        """
        Refuse to send what nobody would receive.

        Raises:
            StatusError: ``CANCELLED``, the call has ended.
        """
        if self.closed or self.ended:
            raise StatusError(Code.CANCELLED, "the call has ended")

    def send_message(self, message: bytes) -> None:
        """
        Send a message, after the headers.

        Raises:
            StatusError: it is too large, or the call has ended.
        """
        check_size(message, self._server.limits.send_bytes)
        self.check_open()
        if not self._headers_sent:
            self._send_response([])
        write_message(self, message)

    def _send_response(self, fields: Sent) -> None:
        self._headers_sent = True
        self.respond([*RESPONSE, *fields] if fields else RESPONSE)


def _being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
