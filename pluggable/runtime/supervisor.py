"""Bundled components as child processes: started, watched, restarted, and gone when the sidecar is gone."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from .._lines import LINE_BYTES, Lines
from .._records import fields_of, record_of
from ..errors import UnavailableError
from .fatal import FatalError
from .registry import Bundle

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


class Child:
    """
    One process that serves a bundle on its own socket.

    ``failed`` tells why it was given up; while it is ``None`` the process runs or is about to run again.
    """

    def __init__(
        self, bundle: Bundle, socket: Path, backoff_seconds: Sequence[float] = RESTART_BACKOFF_SECONDS
    ) -> None:
        self.bundle = bundle
        self.socket = socket
        self.failed: str | None = None
        self.told_when_failed: set[Callable[[str], None]] = set()
        """Who is told why when it is given up."""
        self.process: asyncio.subprocess.Process | None = None
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

    async def keep_running(self, lifeline: int) -> None:
        """Run the process, again whenever it ends, until cancelled or given up."""
        crashes = 0
        while True:
            began = time.monotonic()
            try:
                status = await self._run(lifeline)
            except OSError as error:
                self._words.append(f"cannot start {sys.executable}: {error.strerror}")
                status = 1
            if time.monotonic() - began > STABLE_SECONDS:
                crashes = 0
            if status == CANNOT_LOAD or crashes == len(self._backoff_seconds):
                self._give_up(status, crashes + 1)
                return
            logger.warning("component process %s %s; it is started again", self.bundle, ending(status))
            await asyncio.sleep(self._backoff_seconds[crashes])
            crashes += 1

    async def _run(self, lifeline: int) -> int:
        """Start the process once and wait for its end."""
        # what the sidecar would not log need not be sent to it
        level = str(logging.getLogger().getEffectiveLevel())
        arguments = ["--socket", str(self.socket), "--lifeline", str(lifeline), "--log-level", level]
        for type_ in self.bundle.types:
            arguments += ["--type", type_]
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "pluggable.serving.child",
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            pass_fds=(lifeline,),
            start_new_session=True,  # a Ctrl-C is for the sidecar, which then ends its children
        )
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._notice(self.process.stdout))
                tasks.create_task(self._listen(self.process.stderr))
            return await self.process.wait()
        finally:
            self._answers = False
            await self._end(self.process)

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

    async def _end(self, process: asyncio.subprocess.Process) -> None:
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


def ending(status: int) -> str:
    """Say how a process ended, in words."""
    return f"was killed by {signal.Signals(-status).name}" if status < 0 else f"exited with status {status}"


class NoFolderError(FatalError):
    """The sockets of bundled components can be put nowhere; the text says what was tried and what to do."""


class Supervisor:
    """
    The children of one sidecar, by bundle, in a private folder that the first of them brings about.

    Every child reads a pipe whose only other end is held here, so that none outlives even a killed sidecar.
    """

    def __init__(self, backoff_seconds: Sequence[float] = RESTART_BACKOFF_SECONDS) -> None:
        self._backoff_seconds = backoff_seconds
        self._children: dict[Bundle, Child] = {}
        self._tasks: dict[Bundle, asyncio.Task[None]] = {}
        self._folder: Path | None = None

    async def __aenter__(self) -> Self:
        self._lifeline, self._held = os.pipe()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
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
            child = self._children[bundle] = Child(bundle, socket, self._backoff_seconds)
            self._tasks[bundle] = asyncio.create_task(
                child.keep_running(self._lifeline), name=f"child {bundle}"
            )
        return child

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
