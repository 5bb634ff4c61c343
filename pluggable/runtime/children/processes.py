"""Processes of bundled components: what is asked of them, however they came about."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

#: The status of a process whose end nobody was there to be told of.
UNKNOWN_STATUS: Final = 256

logger: logging.Logger = logging.getLogger(__name__)


class Process(Protocol):
    """A component's process; asyncio's own is one."""

    @property
    def pid(self) -> int:
        """The system's number for it."""

    @property
    def returncode(self) -> int | None:
        """Its exit status, negative for the signal that ended it; ``None`` while it runs."""

    def send_signal(self, number: int, /) -> None:
        """
        Send it a signal.

        Raises:
            ProcessLookupError: it has ended.
        """

    def kill(self) -> None:
        """Send it a SIGKILL, as above."""

    async def wait(self) -> int:
        """Wait for its end and return the exit status."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A process and what it says."""

    process: Process
    output: asyncio.StreamReader
    errors: asyncio.StreamReader
    close: Callable[[], None] = lambda: None
    """Stops listening; what it started may hold its output for ever."""


async def executed(arguments: Sequence[str], lifeline: int) -> Running:
    """
    Execute Python on ``pluggable.serving.child`` with these arguments.

    Raises:
        OSError: it cannot be started.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "pluggable.serving.child",
        *arguments,
        "--lifeline",
        str(lifeline),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        pass_fds=(lifeline,),
        start_new_session=True,  # a Ctrl-C is for the sidecar, which then ends its children
    )
    assert process.stdout is not None
    assert process.stderr is not None
    return Running(process=process, output=process.stdout, errors=process.stderr)


def ending(status: int) -> str:
    """Say how a process ended, in words."""
    if status == UNKNOWN_STATUS:
        return "ended, and how is not known"
    return f"was killed by {signal.Signals(-status).name}" if status < 0 else f"exited with status {status}"
