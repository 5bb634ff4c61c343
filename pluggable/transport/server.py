"""The answering end of connections."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import socket  # which the process that children are forked from does without


class Server(ABC):
    """
    Answers calls on one or more addresses: ``listen`` on each, then ``start``.

    Leaving the ``async with`` closes it.

    Listening binds at once, so that the address is taken and known; calls are answered after ``start``.
    """

    @abstractmethod
    async def listen(self, address: str, kept: socket.socket | None = None) -> str:
        """
        Bind an address and return it with the real port in place of 0.

        It is ``unix:/absolute/path``, where nothing may be yet, or ``host:port``; ``kept`` is a socket that
        listens there already, and becomes the server's.

        Raises:
            OSError: the address is taken or not ours; the text names it.
        """

    @abstractmethod
    async def start(self) -> None:
        """Begin to answer."""

    @property
    @abstractmethod
    def connections(self) -> int | None:
        """How many peers are connected, or ``None`` where that cannot be known."""

    @abstractmethod
    async def drain(self, seconds: float) -> None:
        """
        Go on answering until all peers have left or the time is over.

        New calls on established connections are answered too.

        Who wants no new peers moves a unix socket away first.
        """

    @abstractmethod
    async def close(self, grace_seconds: float = 0.0) -> None:
        """
        Refuse new calls, let those under way end within the grace, cancel the rest, release the addresses.

        It returns when no handler is at work any more. Callers of what was cut get ``UNAVAILABLE``.
        """

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
