"""The calling end of a connection."""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import Enum
from types import TracebackType
from typing import Self

from .calls import ClientStream, Pairs
from .status import Code, StatusError


class ChannelState(Enum):
    """Whether calls can be made on a channel now."""

    CONNECTING = "connecting"
    UP = "up"
    DRAINING = "draining"
    DOWN = "down"
    CLOSED = "closed"


class Channel(ABC):
    """
    Calls to one address, over a connection that is made when needed and made again when lost.

    A call on a channel that is down fails at once with ``UNAVAILABLE``; nothing is repeated.
    """

    address: str
    """``unix:/absolute/path`` or ``host:port``."""

    @property
    @abstractmethod
    def state(self) -> ChannelState:
        """What is known of the connection now, without asking the peer."""

    @abstractmethod
    async def changed(self, since: ChannelState) -> ChannelState:
        """Wait until the state is another than the one given, and return it."""

    async def connect(self, timeout: float) -> None:
        """
        Wait for the connection, trying again until it stands.

        Raises:
            StatusError: ``UNAVAILABLE``, not connected within so many seconds.
        """
        import asyncio  # here, for the process that children are forked from knows channels but never calls

        try:
            async with asyncio.timeout(timeout):
                await self._up()
        except TimeoutError as error:
            raise StatusError(
                Code.UNAVAILABLE, f"{self.address} did not take a connection within {timeout:g} s"
            ) from error

    @abstractmethod
    async def _up(self) -> None:
        """Wait for the connection for as long as that takes."""

    @abstractmethod
    async def unary(
        self, method: str, request: bytes, *, metadata: Pairs = (), timeout: float | None = None
    ) -> bytes:
        """
        Send one message and return the answer.

        Raises:
            StatusError: the call ended with another status than OK; ``DEADLINE_EXCEEDED`` after ``timeout``
                seconds.
        """

    @abstractmethod
    def stream(self, method: str, *, metadata: Pairs = (), timeout: float | None = None) -> ClientStream:
        """Begin a call that streams in either direction. Its errors are met in ``receive``."""

    @abstractmethod
    async def close(self) -> None:
        """Cancel what is under way and give the connection up."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
