"""A ``pluggable`` command as a process: what it says is heard line by line."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import sys
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

SECONDS = 30.0
MARK = "PLUGGABLE_TEST_MARK"


class Command:
    """One process, and under its mark all that it started."""

    def __init__(self, process: asyncio.subprocess.Process, mark: str) -> None:
        self.process = process
        self.lines: list[str] = []
        self._mark = mark
        self._silent = False
        self._news = asyncio.Condition()

    async def said(self, *words: str, seconds: float = SECONDS) -> str:
        """Wait for a line with all these words and return it."""

        def found() -> str | None:
            return next((line for line in self.lines if all(word in line for word in words)), None)

        with suppress(TimeoutError):
            async with asyncio.timeout(seconds), self._news:
                await self._news.wait_for(lambda: found() is not None or self._silent)
        if (line := found()) is None:
            raise AssertionError(f"never said {words}:\n{self.log()}")
        return line

    async def ended(self, number: signal.Signals | None = None) -> int:
        """Send a signal, if any, wait for the end of the process and its words, and return the exit code."""
        if number is not None:
            self.process.send_signal(number)
        async with asyncio.timeout(SECONDS), self._news:
            await self._news.wait_for(lambda: self._silent)
        return await self.process.wait()

    def index(self, *words: str) -> int:
        """Return where the line with these words stands."""
        return next(i for i, line in enumerate(self.lines) if all(word in line for word in words))

    def log(self) -> str:
        return "\n".join(self.lines)

    def left(self) -> list[str]:
        """Return the command lines of processes that carry the mark and still run."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if f"{MARK}={self._mark}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                    found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        return found

    async def hear(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            async with self._news:
                self.lines.append(line.decode(errors="replace").rstrip("\n"))
                self._news.notify_all()
        async with self._news:
            self._silent = True
            self._news.notify_all()


@asynccontextmanager
async def pluggable(
    *words: str, cwd: Path, environment: Mapping[str, str] | None = None, reader: str | None = None
) -> AsyncIterator[Command]:
    """
    Run a ``pluggable`` command in a folder that is its home too; at the end nothing of it may be left.

    With a ``reader``, a shell pipes the command's output into it.
    """
    mark = uuid.uuid4().hex
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("DAPR_")}
    command = [sys.executable, "-m", "pluggable.cli.main", *words]
    if reader:
        command = ["sh", "-c", f"{shlex.join(command)} | {reader}"]
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=cwd,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={
            **inherited,
            "HOME": str(cwd),
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            "DAPR_COMPONENTS_SOCKETS_FOLDER": str(cwd / "sockets"),
            MARK: mark,
            **(environment or {}),
        },
    )
    running = Command(process, mark)
    hearing = asyncio.create_task(running.hear())
    try:
        yield running
    finally:
        if process.returncode is None:
            process.terminate()
        async with asyncio.timeout(SECONDS):
            await process.wait()
            await hearing
    assert running.left() == [], running.log()
