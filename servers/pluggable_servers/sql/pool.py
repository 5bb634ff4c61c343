"""A pool of connections to a server, for which callers queue up to a limit."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, ClassVar, Final

from pluggable.errors import ComponentError, LimitExceededError

#: So many callers wait for a connection; who comes then is refused.
LONGEST_QUEUE: Final = 4096

#: One of the driver's; what its types say, if it has any, is less than what it does.
Connection = Any


class Pool(ABC):
    """Lends the connections of a driver's pool; subclasses know the driver."""

    #: How messages call the server, and what they advise where too much is asked for.
    kind: ClassVar[str]
    advice: ClassVar[str]
    #: What a call to the server can raise.
    failures: ClassVar[tuple[type[BaseException], ...]]

    def __init__(self, pool: Any, address: str, timeout: float) -> None:
        self.address = address
        self.timeout = timeout
        """How long an operation may take in seconds, the wait for a connection included."""
        self._pool = pool
        self._waiting = 0

    @abstractmethod
    async def close(self) -> None:
        """Disconnect; what is under way has a moment to end."""

    @abstractmethod
    def error_of(self, error: Any) -> ComponentError:
        """Return the component's error for one of ``failures``."""

    @abstractmethod
    def _size(self) -> int:
        """Return how many connections there are at most."""

    @abstractmethod
    def _given_up(self, connection: Connection) -> None:
        """See to a connection on which an answer may still be on its way."""

    @asynccontextmanager
    async def acquired(self) -> AsyncIterator[Connection]:
        """
        Lend a connection; what is done in here is bounded in time.

        Raises:
            ComponentError: the server is not there, says no, or gave no answer in time.
            LimitExceededError: too many wait for a connection already.
        """
        if self._waiting >= LONGEST_QUEUE:
            raise LimitExceededError(
                f"{self.kind} {self.address}: {self._waiting} requests wait for one of "
                f"{self._size()} connections; {self.advice}"
            )
        self._waiting += 1
        waits = True
        try:
            async with asyncio.timeout(self.timeout), self._pool.acquire() as connection:
                self._waiting -= 1
                waits = False
                try:
                    yield connection
                except (OSError, EOFError, asyncio.CancelledError):
                    self._given_up(connection)
                    raise
        except self.failures as error:
            raise self.error_of(error) from error
        finally:
            self._waiting -= waits
