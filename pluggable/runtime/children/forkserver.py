"""
The process that forks bundled components, started before most of the sidecar is imported.

Nothing is imported here that would keep it waiting.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from typing import Final

from ... import _forks, transport

#: Room for a child's command line, in the arguments that ``ps`` shows.
_ROOM: Final = " " * 400
#: How long a process takes from closing its files to its end, and more.
_ENDING_SECONDS: Final = 1.0


class ForkServer:
    """
    One such process, ours to ask by ``control``; it ends when that is closed.

    Its children live on without it, as long as their lifeline.
    """

    def __init__(self) -> None:
        ours, theirs = _forks.pair()
        self.control: socket.socket = ours
        with theirs:
            self.process: subprocess.Popen[bytes] = subprocess.Popen(
                [sys.executable, "-m", "pluggable.serving.forking", str(theirs.fileno()), _ROOM],
                stdin=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,  # a Ctrl-C is for the sidecar
            )

    def close(self) -> None:
        """End it at once, even in the midst of its imports: there is nothing that it would leave behind."""
        self.control.close()
        self.process.kill()
        self.process.wait()

    def ended(self) -> int:
        """Return the exit status of one that has closed its end already."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(_ENDING_SECONDS)
        self.close()
        return self.process.returncode


def may_fork() -> bool:
    """Return whether children can be forked here, and watched by the kernel's handles for them."""
    if sys.platform != "linux" or not transport.survives_a_fork():
        return False
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError:
        return False
    return True
