"""One process: what it says is passed on line by line, and it ends with all that it started."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

from .._lines import LINE_BYTES, Lines

#: How long what a process left behind may take to end, once it is gone itself.
LEFTOVER_SECONDS = 1.0

Say = Callable[[str], None]


class Process:
    """A process that leads a group of its own, so that a Ctrl-C meant for us reaches it when it should."""

    def __init__(self, process: asyncio.subprocess.Process, output: int, prefix: str, say: Say) -> None:
        self._process = process
        self._prefix = prefix
        self._say = say
        self._pump = asyncio.create_task(self._pass_on(output), name=f"log of {prefix}")

    @classmethod
    async def spawn(
        cls,
        command: Sequence[str],
        *,
        prefix: str,
        say: Say,
        environment: Mapping[str, str],
        directory: Path | None = None,
        keeps: Sequence[int] = (),
    ) -> Self:
        """
        Start a command; each line that it writes is said with the prefix. Open files it ``keeps``.

        Raises:
            OSError: it cannot be started.
        """
        # A pipe of our own: with asyncio's, a process has not ended before all who hold its output have.
        output, theirs = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                env=environment,
                cwd=directory,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=theirs,
                stderr=theirs,
                start_new_session=True,
                pass_fds=keeps,
            )
        except BaseException:
            os.close(output)
            raise
        finally:
            os.close(theirs)
        return cls(process, output, prefix, say)

    @property
    def status(self) -> int | None:
        """Its exit status, negative for the signal that ended it; ``None`` while it runs."""
        return self._process.returncode

    @property
    def id(self) -> int:
        """The system's number for it, and for its group."""
        return self._process.pid

    async def wait(self) -> int:
        """Wait for its end and return the code a shell would give: 128 and the signal, if one ended it."""
        status = await self._process.wait()
        return status if status >= 0 else 128 - status

    async def end(self, number: signal.Signals, seconds: float) -> None:
        """Ask it and what it started to end, make them after so many seconds, and hear them out."""
        if self.status is None:
            self._send(number)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._process.wait()
        if self.status is not None and not self._pump.done():
            self._send(signal.SIGTERM)  # somebody it started still holds its output
            await asyncio.wait([self._pump], timeout=LEFTOVER_SECONDS)
        self.kill()
        await self._process.wait()
        await asyncio.wait([self._pump], timeout=LEFTOVER_SECONDS)  # who left the group may hold it for ever
        self._pump.cancel()
        await asyncio.gather(self._pump, return_exceptions=True)

    def hurry(self) -> None:
        """Send the two signals that make a sidecar leave at once, its children before it."""
        self._send(signal.SIGTERM)
        self._send(signal.SIGINT)

    def kill(self) -> None:
        """End it and what it started at once."""
        self._send(signal.SIGKILL)

    def _send(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS says the latter of zombies
            os.killpg(self._process.pid, number)

    async def _pass_on(self, output: int) -> None:
        """Say each line; one without end in pieces."""
        reader = asyncio.StreamReader()
        pipe, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(output, "rb", 0)
        )
        lines = Lines()
        try:
            while chunk := await reader.read(LINE_BYTES):
                for line in lines.feed(chunk):
                    self._say(self._prefix + line)
            for line in lines.last():
                self._say(self._prefix + line)
        finally:
            pipe.close()
