"""What a call is, seen by the handler that answers it and by the caller that made it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

#: Metadata in the order of the wire; a key ending in ``-bin`` has bytes, any other text.
Pairs = Sequence[tuple[str, str | bytes]]


class ServerCall(ABC):
    """One call as its handler sees it."""

    @property
    @abstractmethod
    def method(self) -> str:
        """The path, ``/package.Service/Method``."""

    @property
    @abstractmethod
    def metadata(self) -> Mapping[str, str | bytes]:
        """The caller's metadata, names in lower case; of a repeated name the last."""

    @property
    @abstractmethod
    def pairs(self) -> Pairs:
        """The caller's metadata as it came: in order, with every value of a repeated name."""

    @property
    @abstractmethod
    def peer(self) -> str:
        """
        Who calls, as the transport tells it: ``ipv4:127.0.0.1:40000``, ``ipv6:[::1]:40000``, or ``unix:``.

        Where the process that connected to a socket can be seen, it is ``unix:4711``.
        """

    @abstractmethod
    def seconds_left(self) -> float | None:
        """Time until the caller's deadline, or ``None`` if it set none."""

    @abstractmethod
    async def send_headers(self, metadata: Pairs = ()) -> None:
        """Send the initial metadata now instead of with the first message; once a call."""

    @abstractmethod
    def set_trailers(self, metadata: Pairs) -> None:
        """Say what to send after the last message, beside the status."""


class ServerStream(ServerCall):
    """
    A call whose handler sends and receives messages itself.

    ``send`` and ``receive`` may be used from two tasks at once, each from one. One that is cancelled while it
    waits leaves the call fit for nothing but to be ended.
    """

    @abstractmethod
    async def receive(self) -> bytes | None:
        """Return the next message, or ``None`` when the caller has sent its last."""

    @abstractmethod
    async def send(self, message: bytes) -> None:
        """Send a message; returns when the transport has room for the next one."""


UnaryHandler = Callable[[bytes, ServerCall], Awaitable[bytes]]
StreamHandler = Callable[[ServerStream], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Unary:
    """
    Answers one message with one message.

    The handler is cancelled when the caller goes away or its deadline passes. A ``StatusError`` that it
    raises is the answer; any other exception becomes ``UNKNOWN`` with no text of the exception in it, and is
    logged.
    """

    handle: UnaryHandler


@dataclass(frozen=True, slots=True)
class Stream:
    """Answers a call that streams in either direction; it ends with OK when the handler returns."""

    handle: StreamHandler


Handler = Unary | Stream
#: Handlers by path, ``/package.Service/Method``.
Handlers = Mapping[str, Handler]


class ClientStream(ABC):
    """
    A streaming call as its caller sees it; an ``async with`` that cancels what is still open when left.

    ``send`` and ``receive`` may be used from two tasks at once, each from one. One that is cancelled while it
    waits may end the call: who has to stop waiting and go on reads in a task of its own.
    """

    @abstractmethod
    async def send(self, message: bytes) -> None:
        """
        Send a message; returns when the transport has room for the next one.

        Raises:
            StatusError: the call has ended.
        """

    @abstractmethod
    async def half_close(self) -> None:
        """Say that no further message will be sent."""

    @abstractmethod
    async def receive(self) -> bytes | None:
        """
        Return the next message, or ``None`` when the peer ended the call with OK.

        Raises:
            StatusError: the call ended otherwise.
        """

    @abstractmethod
    async def headers(self) -> Pairs:
        """
        Wait for the peer's initial metadata; empty if it sent none before the end of the call.

        Raises:
            StatusError: the call could not be made, or was cancelled here.
        """

    @abstractmethod
    async def trailers(self) -> Pairs:
        """
        Wait for the end of the call, whatever its status, and return what came beside it.

        The call ends for its caller when all messages have been received.
        """

    @abstractmethod
    def cancel(self, reason: str) -> None:
        """
        End the call now; of a call that has ended already, do nothing.

        The peer sees a cancellation, a pending ``receive`` raises ``CANCELLED`` with the reason.
        """

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cancel("the caller left the call")
