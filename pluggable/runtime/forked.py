"""Processes that are forked for the sidecar: asked for, told of, and watched when who forked them is gone."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import os
import signal
from collections.abc import Sequence

from .. import _forks
from .forkserver import ForkServer
from .processes import UNKNOWN_STATUS, Running, ending

logger: logging.Logger = logging.getLogger(__name__)


class ForkedProcess:
    """A process that is not this one's child: signals and its end go by the kernel's handle for it."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._over = asyncio.Event()
        self._handle: int | None = None
        with contextlib.suppress(ProcessLookupError):  # it has ended, as we are about to be told
            self._handle = os.pidfd_open(pid)

    def send_signal(self, number: int, /) -> None:
        """Send it a signal, or raise ``ProcessLookupError``."""
        if self._handle is None:
            raise ProcessLookupError
        signal.pidfd_send_signal(self._handle, number)

    def kill(self) -> None:
        """Send it a SIGKILL."""
        self.send_signal(signal.SIGKILL)

    async def wait(self) -> int:
        """Wait for its end and return the exit status."""
        await self._over.wait()
        assert self.returncode is not None
        return self.returncode

    def has_ended(self, status: int) -> None:
        """Take note of its end."""
        self.returncode = status
        self._over.set()
        if self._handle is not None:
            asyncio.get_running_loop().remove_reader(self._handle)
            os.close(self._handle)
            self._handle = None

    def watch(self) -> None:
        """Wait for the end here, since nobody tells of it any more."""
        if self._handle is None:
            self.has_ended(UNKNOWN_STATUS)
        else:
            asyncio.get_running_loop().add_reader(self._handle, self.has_ended, UNKNOWN_STATUS)


class Forker:
    """
    Asks a fork server for processes, and another when it died; what that one forked goes on.

    ``broken`` says that one could not fork at all, so that the next would not either.
    """

    def __init__(self, server: ForkServer | None = None) -> None:
        self.broken: bool = False
        self._server: ForkServer | None = None
        self._asked: dict[int, asyncio.Future[ForkedProcess]] = {}
        self._running: dict[int, ForkedProcess] = {}
        self._numbers = itertools.count()
        self._has_forked = False
        if server is not None:
            self._use(server)

    async def start(self, arguments: Sequence[str], lifeline: int) -> Running:
        """
        Fork a process that does what ``pluggable.serving.child`` does.

        Raises:
            OSError: there is none.
        """
        server = self._server or self._use(ForkServer())
        output, errors = os.pipe(), os.pipe()
        theirs = output[1], errors[1]
        number = next(self._numbers)
        process = self._asked[number] = asyncio.get_running_loop().create_future()
        try:
            request = _forks.Request(number=number, arguments=tuple(arguments))
            _forks.ask(server.control, request, (*theirs, lifeline))
        finally:
            for each in theirs:
                os.close(each)
        readers = [await _reader(end) for end in (output[0], errors[0])]
        try:
            found = await process
        except BaseException:
            _close([pipe for _, pipe in readers])
            raise
        return Running(
            process=found,
            output=readers[0][0],
            errors=readers[1][0],
            close=lambda: _close([pipe for _, pipe in readers]),
        )

    def rest(self) -> None:
        """Do without the server until there is something to fork."""
        if self._server is not None and not self._asked and not self._running:
            self._leave().close()

    async def close(self) -> None:
        """Let the server end; the processes have ended before."""
        if self._server is not None:
            await asyncio.to_thread(self._leave().close)

    def _use(self, server: ForkServer) -> ForkServer:
        self._server = server
        self._has_forked = False
        asyncio.get_running_loop().add_reader(server.control.fileno(), self._hear)
        return server

    def _leave(self) -> ForkServer:
        server, self._server = self._server, None
        assert server is not None
        asyncio.get_running_loop().remove_reader(server.control.fileno())
        return server

    def _hear(self) -> None:
        assert self._server is not None
        match _forks.answered(self._server.control):
            case _forks.Forked(number=number, pid=pid):
                self._has_forked = True
                process = self._running[pid] = ForkedProcess(pid)
                future = self._asked.pop(number)
                if not future.done():
                    future.set_result(process)
                else:  # who asked has left
                    with contextlib.suppress(ProcessLookupError):
                        process.kill()
            case _forks.Refused(number=number, why=why):
                self._refuse(self._asked.pop(number), why)
            case _forks.Ended(pid=pid, status=status):
                self._running.pop(pid).has_ended(status)
            case None:
                self._lose(self._leave())

    def _lose(self, server: ForkServer) -> None:
        how = ending(server.ended())
        self.broken = not self._has_forked
        logger.warning(
            "the process that forks components %s; %s",
            how,
            "they are executed instead" if self.broken else "those that it forked go on",
        )
        for process in self._running.values():
            process.watch()
        self._running.clear()
        for future in self._asked.values():
            self._refuse(future, f"the process that forks it {how}")
        self._asked.clear()

    def _refuse(self, future: asyncio.Future[ForkedProcess], why: str) -> None:
        if not future.done():
            future.set_exception(OSError(0, why))


async def _reader(file: int) -> tuple[asyncio.StreamReader, asyncio.BaseTransport]:
    reader = asyncio.StreamReader()
    pipe, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(file, "rb", 0)
    )
    return reader, pipe


def _close(pipes: Sequence[asyncio.BaseTransport]) -> None:
    for pipe in pipes:
        pipe.close()
