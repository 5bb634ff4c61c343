"""
A connection to one memcached: concurrent commands are sent without waiting, and answered in order.

Whoever gives up waiting leaves a place in the queue that takes the answer; a server that is silent for too
long is cut off, and dialled again by the next command.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Final, cast

from pluggable.errors import (
    ComponentError,
    InvalidRequestError,
    LimitExceededError,
    TimedOutError,
    UnavailableError,
)

from .answers import Answer, Answers

#: How lines begin that refuse a command.
_REFUSALS: Final = (b"ERROR", b"CLIENT_ERROR", b"SERVER_ERROR")


class Connection:
    """Dialled by the first command, and again by the first one after it was lost."""

    def __init__(self, host: str, port: int, timeout_seconds: float) -> None:
        self.address = f"{host}:{port}"
        self._place = (host, port)
        self._patience = timeout_seconds
        self._dialling = asyncio.Lock()
        self._line: _Line | None = None

    async def close(self) -> None:
        """Give up what is under way and hang up."""
        if self._line is not None:
            self._line.cut("the connection was given up")
            await self._line.over.wait()

    async def ask(self, command: bytes) -> Answer:
        """
        Return the answer to a command.

        Raises:
            UnavailableError: the server cannot be reached, or hung up.
            TimedOutError: it does not answer in time.
            ComponentError: it refuses.
        """
        [answer] = await self._answers([command])
        if answer[0].startswith(_REFUSALS):
            raise _refusal(self.address, answer)
        return answer

    async def ask_all(self, commands: Sequence[bytes]) -> list[Answer | ComponentError]:
        """
        Return the answers to commands sent in one go, each what ``ask`` returns, or the refusal.

        Raises:
            UnavailableError: the server cannot be reached, or hung up.
            TimedOutError: it does not answer all of them in time.
        """
        answers = await self._answers(commands)
        return [_refusal(self.address, each) if each[0].startswith(_REFUSALS) else each for each in answers]

    async def _answers(self, commands: Sequence[bytes]) -> list[Answer]:
        line = self._line
        try:
            if line is None or line.lost:
                async with asyncio.timeout(self._patience):
                    line = await self._dialled()
            return await line.send(commands)
        except TimeoutError as error:
            raise TimedOutError(f"memcached {self.address}: no answer within {self._patience:g} s") from error
        except OSError as error:
            raise UnavailableError(f"memcached {self.address}: {error}") from error

    async def _dialled(self) -> _Line:
        async with self._dialling:
            if self._line is None or self._line.lost:
                loop = asyncio.get_running_loop()
                _, self._line = await loop.create_connection(lambda: _Line(self._patience), *self._place)
            return self._line


class _Asked:
    """Commands that were sent together, and their answers as far as they have come."""

    __slots__ = ("answers", "count", "found", "until")

    def __init__(self, count: int, found: asyncio.Future[list[Answer]], until: float) -> None:
        self.count = count
        self.found = found
        """Cancelled by who gives up waiting; the answers still come, and belong to nobody."""
        self.until = until
        """The loop's time at which the server has been silent for too long."""
        self.answers: list[Answer] = []


class _Line(asyncio.Protocol):
    """One dialled connection, until it is lost."""

    def __init__(self, patience: float) -> None:
        self.lost = False
        """Whether nothing may be sent any more."""
        self.over = asyncio.Event()
        self._reason = "the server hung up"
        self._patience = patience
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport
        self._reader = Answers()
        self._waiting: deque[_Asked] = deque()
        self._watch: asyncio.TimerHandle | None = None

    def send(self, commands: Sequence[bytes]) -> asyncio.Future[list[Answer]]:
        """
        Send commands, and return what will have their answers, or an ``OSError``.

        Raises:
            OSError: the connection is lost already.
        """
        if self.lost:
            raise ConnectionResetError(self._reason)
        asked = _Asked(len(commands), self._loop.create_future(), self._loop.time() + self._patience)
        self._waiting.append(asked)
        if self._watch is None:
            self._watch = self._loop.call_at(asked.until, self._look)
        self._transport.write(commands[0] if len(commands) == 1 else b"".join(commands))
        return asked.found

    def cut(self, reason: str) -> None:
        """Hang up; who still waits learns the reason at once."""
        if not self.lost:
            self._reason = reason
            self._lose()
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if self.lost:
            return
        try:
            for answer in self._reader.feed(data):
                first = self._waiting[0]
                first.answers.append(answer)
                if len(first.answers) == first.count:
                    self._waiting.popleft()
                    if not first.found.done():
                        first.found.set_result(first.answers)
        except IndexError:
            self.cut("the connection broke: an answer came that nobody asked for")
        except ValueError as error:
            self.cut(f"the connection broke: {error}")

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None and not self.lost:
            self._reason = f"the connection broke: {exc}"
        self._lose()
        self.over.set()

    def _look(self) -> None:
        """Cut a server off that is silent for too long; one timer watches all, as answers come in order."""
        self._watch = None
        if not self._waiting:
            return
        now = self._loop.time()
        if self._waiting[0].until > now:
            self._watch = self._loop.call_at(self._waiting[0].until, self._look)
            return
        while self._waiting and self._waiting[0].until <= now:
            if not (late := self._waiting.popleft().found).done():
                late.set_exception(TimeoutError())
        self.cut("the server was silent")

    def _lose(self) -> None:
        self.lost = True
        if self._watch is not None:
            self._watch.cancel()
        for each in self._waiting:
            if not each.found.done():
                each.found.set_exception(ConnectionResetError(self._reason))
        self._waiting.clear()


def _refusal(address: str, answer: Answer) -> ComponentError:
    """Return what a server's error means."""
    line = answer[0].decode(errors="replace")
    text = f"memcached {address}: {line}"
    if "too large" in line or "out of memory" in line:
        return LimitExceededError(text)
    if line.startswith("CLIENT_ERROR"):
        return InvalidRequestError(text)
    return ComponentError(text)
