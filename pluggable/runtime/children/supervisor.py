"""Bundled components as child processes: started, watched, restarted, and gone when the sidecar is gone."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import signal
import tempfile
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from ..._lines import LINE_BYTES, Lines
from ..._records import fields_of, record_of
from ...errors import UnavailableError
from ..components.registry import Bundle
from ..fatal import FatalError
from .forked import Forker
from .forkserver import ForkServer, may_fork
from .processes import Process, Running, ending, executed

#: Pauses before a crashed child is started again; after the last one it is given up.
RESTART_BACKOFF_SECONDS = (0.05, 0.1, 0.3, 1.0, 3.0)
#: The exit status of a child whose class or library is not there: another try finds it no more.
CANNOT_LOAD = 3
#: A child that lived so long starts with a clean slate when it crashes.
STABLE_SECONDS = 30.0
#: How a child is ended, each signal with the time it is given. Our connections to it are closed by then, but
#: it may not have noticed yet; the second SIGTERM tells it not to wait for them.
ENDING = ((signal.SIGTERM, 0.3), (signal.SIGTERM, 3.0), (signal.SIGKILL, None))
#: What is kept of a child's last words, to say why it crashed.
LAST_LINES = 20

logger: logging.Logger = logging.getLogger(__name__)

#: Starts a process for a bundle with these arguments.
Start = Callable[[Bundle, Sequence[str]], Awaitable[Running]]


class Child:
    """
    One process that serves a bundle on its own socket.

    ``failed`` tells why it was given up; while it is ``None`` the process runs or is about to run again.
    """

    def __init__(
        self,
        bundle: Bundle,
        socket: Path,
        start: Start,
        backoff_seconds: Sequence[float] = RESTART_BACKOFF_SECONDS,
    ) -> None:
        self.bundle = bundle
        self.socket = socket
        self.failed: str | None = None
        self.told_when_failed: set[Callable[[str], None]] = set()
        """Who is told why when it is given up."""
        self.process: Process | None = None
        self._start = start
        self._backoff_seconds = backoff_seconds
        self._words: deque[str] = deque(maxlen=LAST_LINES)
        self._news = asyncio.Event()
        self._answers = False

    @property
    def address(self) -> str:
        """Where it answers, as the transport spells it."""
        return f"unix:{self.socket}"

    async def answering(self, seconds: float) -> None:
        """
        Wait until the process answers on its socket.

        Raises:
            UnavailableError: it was given up, or did not answer within so many seconds.
        """
        try:
            async with asyncio.timeout(seconds):
                while not self._answers:
                    if self.failed:
                        raise UnavailableError(self.failed)
                    await self._news.wait()
        except TimeoutError:
            raise UnavailableError(
                f"component process {self.bundle} does not answer after {seconds:g} s"
            ) from None

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    async def keep_running(self) -> None:
        """Run the process, again whenever it ends, until cancelled or given up."""
        crashes = 0
        while True:
            began = time.monotonic()
            try:
                status = await self._run()
            except OSError as error:
                self._words.append(f"cannot be started: {error.strerror}")
                status = 1
            if time.monotonic() - began > STABLE_SECONDS:
                crashes = 0
            if status == CANNOT_LOAD or crashes == len(self._backoff_seconds):
                self._give_up(status, crashes + 1)
                return
            logger.warning("component process %s %s; it is started again", self.bundle, ending(status))
            await asyncio.sleep(self._backoff_seconds[crashes])
            crashes += 1

    async def _run(self) -> int:
        """Start the process once and wait for its end."""
        # what the sidecar would not log need not be sent to it
        level = str(logging.getLogger().getEffectiveLevel())
        arguments = ["--socket", str(self.socket), "--log-level", level]
        for type_ in self.bundle.types:
            arguments += ["--type", type_]
        running = await self._start(self.bundle, arguments)
        self.process = running.process
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._notice(running.output))
                tasks.create_task(self._listen(running.errors))
            return await running.process.wait()
        finally:
            self._answers = False
            await self._end(running.process)
            running.close()

    async def _notice(self, output: asyncio.StreamReader) -> None:
        """Wait for the one line that a child writes when its socket is in place, then for its end."""
        self._answers = bool(await output.readline())
        self._tell()
        await output.read()

    async def _listen(self, output: asyncio.StreamReader) -> None:
        """Pass on what the process says, its last words too if no line end follows them."""
        lines = Lines()
        while chunk := await output.read(LINE_BYTES):
            self._pass_on(lines.feed(chunk))
        self._pass_on(lines.last())

    def _pass_on(self, lines: list[str]) -> None:
        for text in lines:
            if (record := record_of(text)) is None:
                self._words.append(text)
                logger.info("%s: %s", self.bundle, text)
            else:
                self._words.append(record.msg)
                handle(record, str(self.bundle))

    def _give_up(self, status: int, times: int) -> None:
        last = " | ".join(list(self._words)[-3:]) or "it said nothing"
        self.failed = (
            f"component process {self.bundle} ({', '.join(self.bundle.types)}) {ending(status)}"
            + (f", {times} times in a row," if times > 1 else "")
            + f" and is not started again; its last words: {last}"
        )
        logger.error("%s", self.failed)
        self._tell()
        for told in self.told_when_failed:
            told(self.failed)

    async def _end(self, process: Process) -> None:
        """Ask the process to leave when its connections are gone, then to leave at once, then make it."""
        for number, seconds in ENDING:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError, TimeoutError):
                    process.send_signal(number)
                    async with asyncio.timeout(seconds):
                        await process.wait()


def handle(record: logging.LogRecord, bundle: str) -> None:
    """Log what a child logged: at its level, under its logger's name, and as of then."""
    if not fields_of(record):
        record.msg = f"{bundle}: {record.msg}"
    origin = logging.getLogger(record.name)
    if origin.isEnabledFor(record.levelno):
        origin.handle(record)


class NoFolderError(FatalError):
    """The sockets of bundled components can be put nowhere; the text says what was tried and what to do."""


class Supervisor:
    """
    The children of one sidecar, by bundle, in a private folder that the first of them brings about.

    Every child reads a pipe whose only other end is held here, so that none outlives even a killed sidecar.
    What comes along is forked unless ``fork`` is false, by the ``server`` if one is given: it is closed here.
    """

    def __init__(
        self,
        backoff_seconds: Sequence[float] = RESTART_BACKOFF_SECONDS,
        *,
        server: ForkServer | None = None,
        fork: bool | None = None,
    ) -> None:
        self._backoff_seconds = backoff_seconds
        self._server = server
        self._fork = fork
        self._children: dict[Bundle, Child] = {}
        self._tasks: dict[Bundle, asyncio.Task[None]] = {}
        self._folder: Path | None = None

    async def __aenter__(self) -> Self:
        self._lifeline, self._held = os.pipe()
        may = may_fork() if self._fork is None else self._fork
        self._forker = Forker(self._server) if may else None
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        if self._forker is not None:
            await self._forker.close()
        os.close(self._held)
        os.close(self._lifeline)
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def child(self, bundle: Bundle) -> Child:
        """
        Return the child that serves the bundle, started now if it was not, or was given up.

        Raises:
            NoFolderError: there is no place where its socket could be.
        """
        child = self._children.get(bundle)
        if child is None or child.failed:
            name = bundle.name if not bundle.version else f"{bundle.name}-{bundle.version}"
            socket = self._private_folder() / f"{name}.sock"
            child = self._children[bundle] = Child(bundle, socket, self._start, self._backoff_seconds)
            self._tasks[bundle] = asyncio.create_task(child.keep_running(), name=f"child {bundle}")
        return child

    async def settle(self) -> None:
        """Start the processes of the children there are, and do without what no child needs."""
        await asyncio.sleep(0)  # their tasks begin
        if self._forker is not None:
            self._forker.rest()

    async def _start(self, bundle: Bundle, arguments: Sequence[str]) -> Running:
        """Fork the process, which is quick and shares memory; a stranger's code is executed."""
        if bundle.comes_along and self._forker is not None and not self._forker.broken:
            return await self._forker.start(arguments, self._lifeline)
        return await executed(arguments, self._lifeline)

    def _private_folder(self) -> Path:
        """Return the folder, made when it is needed: with strangers alone, nothing has to be writable."""
        if self._folder is None:
            try:
                self._folder = Path(tempfile.mkdtemp(prefix="pluggable-"))
            except OSError as error:
                raise NoFolderError(
                    f"no folder can be made for the sockets of bundled components: {error.strerror}; "
                    "make /tmp writable, as with a volume in a container, or name another folder in $TMPDIR"
                ) from error
        return self._folder

    def running(self) -> list[Child]:
        """The children there are, for who wants to look at their processes."""
        return list(self._children.values())
