"""Processes that are forked for the sidecar: asked for, told of, and watched when who forked them is gone."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass

from ... import _forks
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
            asyncio.get_running_loop().add_reader(self._handle, self._vanished)

    def _vanished(self) -> None:
        """Ask the system how it ended: it tells the first process of a container, whose child it is now."""
        status = UNKNOWN_STATUS
        with contextlib.suppress(ChildProcessError):
            pid, found = os.waitpid(self.pid, os.WNOHANG)
            status = os.waitstatus_to_exitcode(found) if pid else status
        self.has_ended(status)


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
        asked, files = self._ask(arguments, lifeline)
        outputs: list[_Output] = []
        try:
            for each in files:
                outputs.append(await _output(each))  # noqa: PERF401  those that are open are closed below
            process = await asked
        except BaseException:
            _give_up(asked)
            _close(outputs)
            raise
        output, errors = (each.reader for each in outputs)
        return Running(process=process, output=output, errors=errors, close=lambda: _close(outputs))

    def _ask(
        self, arguments: Sequence[str], lifeline: int
    ) -> tuple[asyncio.Future[ForkedProcess], tuple[int, int]]:
        """Return what will have the process, and the pipes from its output and its errors."""
        server = self._server or self._use(ForkServer())
        number = next(self._numbers)
        output, errors = os.pipe(), os.pipe()
        try:
            request = _forks.Request(number=number, arguments=tuple(arguments))
            _forks.ask(server.control, request, (output[1], errors[1], lifeline))
        except BaseException:
            os.close(output[0])
            os.close(errors[0])
            raise
        finally:
            os.close(output[1])
            os.close(errors[1])
        asked = self._asked[number] = asyncio.get_running_loop().create_future()
        return asked, (output[0], errors[0])

    def rest(self) -> None:
        """Do without the server until there is something to fork."""
        if self._server is not None and not self._asked and not self._running:
            self._leave().close()  # requests are sent before anything is waited for, so none is on its way

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


@dataclass(frozen=True, slots=True)
class _Output:
    """What a process says, and the way it comes."""

    reader: asyncio.StreamReader
    pipe: asyncio.BaseTransport


async def _output(file: int) -> _Output:
    reader = asyncio.StreamReader()
    pipe, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(file, "rb", 0)
    )
    return _Output(reader, pipe)


def _close(outputs: Sequence[_Output]) -> None:
    for each in outputs:
        each.pipe.close()


def _give_up(asked: asyncio.Future[ForkedProcess]) -> None:
    """See that a process that nobody waits for comes to an end, if it is there already."""
    if not asked.cancel() and not asked.cancelled() and asked.exception() is None:
        with contextlib.suppress(ProcessLookupError):
            asked.result().kill()
