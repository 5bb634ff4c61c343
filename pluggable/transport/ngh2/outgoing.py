"""A call that goes out: its request fields, and how its end is read."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from typing import Final

from ngh2 import ErrorCode

from ..calls import Pairs
from ..h2 import Connection, Fields, Stream
from ..limits import Limits
from ..status import Code, StatusError
from .headers import Sent, fields_of, size_of
from .messages import Messages, whole
from .statuses import DEADLINE, RESPONSE_FIELDS, status_of, status_of_http, status_of_reset
from .timeouts import timeout_field

#: Callers repeat themselves, so what was built is kept: so many lists.
_KEPT: Final = 512
_TYPE: Final = [(b"te", b"trailers"), (b"content-type", b"application/grpc"), (b"user-agent", b"pluggable")]

#: Fields, and how large their list is for the peer.
Request = tuple[Sent, int]


class Requests:
    """Makes the header fields of requests, and keeps those that it has made."""

    def __init__(self, authority: str, scheme: bytes = b"http") -> None:
        self._authority = authority.encode()
        self._scheme = scheme
        self._made: dict[tuple[str, Pairs, float | None], Request] = {}

    def of(self, method: str, metadata: Pairs, timeout: float | None) -> Request:
        """
        Return the fields of a call and their size.

        Raises:
            StatusError: ``INTERNAL`` or ``RESOURCE_EXHAUSTED``, the metadata cannot be sent.
        """
        if not isinstance(metadata, tuple):
            return self._fields(method, metadata, timeout)
        key = (method, metadata, timeout)
        made = self._made.get(key)
        if made is None:
            if len(self._made) >= _KEPT:
                self._made.clear()
            made = self._made[key] = self._fields(method, metadata, timeout)
        return made

    def _fields(self, method: str, metadata: Pairs, timeout: float | None) -> Request:
        fields = [
            (b":method", b"POST"),
            (b":scheme", self._scheme),
            (b":path", method.encode()),
            (b":authority", self._authority),
            *_TYPE,
        ]
        if timeout is not None:
            fields.append((b"grpc-timeout", timeout_field(timeout)))
        if metadata:
            fields += fields_of(metadata)
        return fields, size_of(fields)


class Ending:
    """Puts the ends of one call so that they name the peer and the method."""

    def __init__(self, address: str, method: str, timeout: float | None) -> None:
        self.address = address
        self.method = method
        self.timeout = timeout

    def told(self, trailers: Fields) -> StatusError | None:
        """Return what the peer said; that its caller's deadline passed, its caller says better."""
        status = status_of(trailers)
        if status is not None and status.code is Code.DEADLINE_EXCEEDED and status.message == DEADLINE:
            return self.late() if self.timeout is not None else status
        return status

    def late(self) -> StatusError:
        """Return how a call ends whose deadline has passed."""
        text = f"{self.address} did not finish {self.method} within {self.timeout:g} s"
        return StatusError(Code.DEADLINE_EXCEEDED, text)

    def cut(self, code: int | None, reason: str) -> StatusError:
        """Return how a call ends whose stream was closed without trailers."""
        where = f"{self.address}, called for {self.method},"
        if code is None:
            return StatusError(Code.UNAVAILABLE, f"{where} was lost: {reason}")
        return status_of_reset(code, reason, where)


class Outgoing(Stream):
    """The stream of a call that goes out."""

    @abstractmethod
    def fail(self, error: StatusError) -> None:
        """End the call here."""

    def leave(self) -> None:
        """Send no more to a peer that has ended the call, whatever waits to be sent."""
        if not self.ended or self.connection.engine.queued_body_size(self.number):
            self.reset(ErrorCode.NO_ERROR)


class UnaryOutgoing(Outgoing):
    """A call with one message and one answer, or an error, in ``answer``."""

    _encoding = b"identity"
    _messages: Messages | None = None
    _message: bytes | None = None

    def __init__(
        self,
        connection: Connection,
        number: int,
        ending: Ending,
        answer: asyncio.Future[bytes],
        limits: Limits,
    ) -> None:
        super().__init__(connection, number)
        self._ending = ending
        self._answer = answer
        self._limit = limits.receive_bytes

    def on_headers(self, fields: Fields) -> None:
        if fields == RESPONSE_FIELDS:  # as most are
            return
        status = status_of_http(fields)
        if status is not None:
            self._end(status)
            return
        for name, value in fields:
            if name == b"grpc-encoding":
                self._encoding = value

    def on_data(self, data: bytes) -> None:
        self.consumed(len(data))  # one message is held, whatever its size, and no second one
        if self._messages is None:
            if self._message is None and (message := whole(data, self._limit)) is not None:
                self._message = message
                return
            self._messages = Messages(self._limit, self._encoding)
        try:
            self._messages.feed(data)
        except StatusError as error:
            self._end(error)
            return
        if len(self._messages.ready) + (self._message is not None) > 1:
            self._end(self._not_one("more than one"))

    def on_end(self, trailers: Fields) -> None:
        status = self._ending.told(trailers)
        if self._messages is not None and self._messages.ready:
            self._message, _ = self._messages.take()
        if status is None and self._message is None:
            status = self._not_one("none")
        self._end(status)
        self.leave()

    def on_close(self, code: int | None, reason: str) -> None:
        if not self._answer.done():
            self._end(self._ending.cut(code, reason))

    def expire(self) -> None:
        """End the call because its deadline has passed."""
        self._end(self._ending.late())

    def fail(self, error: StatusError) -> None:
        self._end(error)

    def _end(self, status: StatusError | None) -> None:
        if not self._answer.done():
            if status is not None:
                self._answer.set_exception(status)
            elif self._message is not None:
                self._answer.set_result(self._message)
        if not self.closed and not self.peer_ended:
            self.reset(ErrorCode.CANCEL)

    def _not_one(self, found: str) -> StatusError:
        text = f"{self._ending.address} answers {self._ending.method} with one message; {found} came"
        return StatusError(Code.UNIMPLEMENTED, text)
