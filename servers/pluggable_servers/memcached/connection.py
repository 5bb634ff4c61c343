"""
A connection to one memcached: concurrent commands are sent without waiting, and answered in order.

Facts: memcached ``doc/protocol.txt``, the text protocol. Whoever gives up waiting leaves a place in the queue
that takes the answer; a server that is silent for too long is cut off, and dialled again by the next command.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Sequence
from typing import Final

from pluggable.errors import (
    ComponentError,
    InvalidRequestError,
    LimitExceededError,
    TimedOutError,
    UnavailableError,
)

#: What the connection holds of an answer before it stops reading.
_BUFFER: Final = 1024 * 1024

#: The lines of an answer's head, and the value where it has one.
Answer = tuple[bytes, bytes | None]


class Connection:
    """Dialled by the first command, and again by the first one after it was lost."""

    def __init__(self, host: str, port: int, timeout_seconds: float) -> None:
        self.address = f"{host}:{port}"
        self._place = (host, port)
        self._patience = timeout_seconds
        self._dialling = asyncio.Lock()
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._waiting: deque[asyncio.Future[Answer]] = deque()

    async def close(self) -> None:
        """Give up what is under way and hang up."""
        writer = self._writer
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait([self._reading])
        if writer is not None:
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def ask(self, command: bytes) -> Answer:
        """
        Return the answer to a command: its first line, and the value if it has one.

        Raises:
            UnavailableError: the server cannot be reached, or hung up.
            TimedOutError: it does not answer in time.
            ComponentError: it refuses.
        """
        [answer] = await self.ask_all([command])
        if isinstance(answer, ComponentError):
            raise answer
        return answer

    async def ask_all(self, commands: Sequence[bytes]) -> list[Answer | ComponentError]:
        """
        Return the answers to commands sent in one go, each what ``ask`` returns, or the refusal.

        Raises:
            UnavailableError: the server cannot be reached, or hung up.
            TimedOutError: it does not answer all of them in time.
        """
        writer = self._writer
        loop = asyncio.get_running_loop()
        answers: list[asyncio.Future[Answer]] = []
        try:
            async with asyncio.timeout(self._patience):
                writer = writer or await self._dialled()
                answers += (loop.create_future() for _ in commands)
                self._waiting += answers
                writer.write(b"".join(commands))
                # They come in order, and where one is lost so are all behind it.
                await answers[-1]
                found = [answer.result() for answer in answers]
        except TimeoutError as error:
            self._hang_up(writer)
            raise TimedOutError(f"memcached {self.address}: no answer within {self._patience:g} s") from error
        except OSError as error:
            raise UnavailableError(f"memcached {self.address}: {error}") from error
        finally:
            _let_go(answers)
        return [self._judged(line, value) for line, value in found]

    def _judged(self, line: bytes, value: bytes | None) -> Answer | ComponentError:
        if line.startswith((b"ERROR", b"CLIENT_ERROR", b"SERVER_ERROR")):
            return _refusal(self.address, line.decode(errors="replace"))
        return line, value

    async def _dialled(self) -> asyncio.StreamWriter:
        async with self._dialling:
            if self._writer is None:
                reader, self._writer = await asyncio.open_connection(*self._place, limit=_BUFFER)
                self._reading = asyncio.create_task(self._read(reader, self._writer))
            return self._writer

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Hand each answer to who waits first, until the connection is lost."""
        waiting = self._waiting
        lost: Exception = ConnectionResetError("the server hung up")
        try:
            while True:
                answer = await _answer(reader)
                if not waiting:
                    break  # an answer nobody asked for
                first = waiting.popleft()
                if not first.done():
                    first.set_result(answer)
        except asyncio.IncompleteReadError:
            pass
        except asyncio.CancelledError:
            lost = ConnectionAbortedError("the connection was given up")
            raise
        except (OSError, ValueError, IndexError, asyncio.LimitOverrunError) as error:
            lost = ConnectionResetError(f"the connection broke: {error}")
        finally:
            if self._writer is writer:
                self._writer = None
                self._waiting = deque()
            for each in waiting:
                if not each.done():
                    each.set_exception(lost)
            writer.close()

    def _hang_up(self, silent: asyncio.StreamWriter | None) -> None:
        """Cut off a server that is silent, unless that was done; what else waits for it learns so at once."""
        if silent is not None and self._writer is silent and self._reading is not None:
            self._writer, self._waiting = None, deque()
            self._reading.cancel()


def _let_go(answers: Sequence[asyncio.Future[Answer]]) -> None:
    """Give up those that are not there, and keep asyncio from complaining of errors that nobody looked at."""
    for answer in answers:
        if not answer.cancel() and not answer.cancelled():
            answer.exception()


async def _answer(reader: asyncio.StreamReader) -> Answer:
    line = (await reader.readuntil(b"\r\n"))[:-2]
    if not line.startswith(b"VALUE "):
        return line, None
    length = int(line.split(b" ")[3])
    value = (await reader.readexactly(length + 2))[:-2]
    await reader.readuntil(b"END\r\n")
    return line, value


def _refusal(address: str, line: str) -> ComponentError:
    """Return what a server's error means."""
    text = f"memcached {address}: {line}"
    if "too large" in line or "out of memory" in line:
        return LimitExceededError(text)
    if line.startswith("CLIENT_ERROR"):
        return InvalidRequestError(text)
    return ComponentError(text)
