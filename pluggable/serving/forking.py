"""
The process that forks a sidecar's children: it has imported what all of them need, and no backend.

``python -m pluggable.serving.forking FD ROOM``: ``FD`` is its end of the sidecar's socket, and what stands
for ``ROOM`` makes room for the command line that a child shows. It ends with the sidecar.
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from .. import _forks
from . import child

#: How the kernel lists a process's address of its command line, counted from behind its name.
_FIRST, _LAST = 45, 46


def main(arguments: Sequence[str]) -> int:
    """Fork until the sidecar is gone; in a child, do what it is for. Return the exit status."""
    control = socket.socket(fileno=int(arguments[0]))
    control.set_inheritable(False)
    import_shared()
    # What is there now is shared with the children for as long as nobody touches it.
    gc.collect()
    gc.freeze()
    asked = Forks(control).serve()
    return 0 if asked is None else child.main(asked)


def import_shared() -> None:
    """Import what a child needs on its way to an open socket. Nothing here may start a thread."""
    import uvloop  # noqa: F401

    from ..transport import ngh2  # noqa: F401
    from . import bindings, endpoint, health, pubsub, reflection, secretstores, services, state  # noqa: F401

    child.installed()


class Forks:
    """Answers requests and tells of ends, all in one thread, since only that survives in a child."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._woken, self._waker = socket.socketpair()
        for end in (self._woken, self._waker):
            end.setblocking(False)

    def serve(self) -> Sequence[str] | None:
        """Return ``None`` when the sidecar is gone; in a child, its arguments."""
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        waiting = select.poll()
        for each in (self._control, self._woken):
            waiting.register(each, select.POLLIN)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            while True:
                ready = {number for number, _ in waiting.poll()}
                if self._woken.fileno() in ready:
                    self._reap()
                if self._control.fileno() in ready:
                    if (asked := _forks.asked(self._control)) is None:
                        break
                    request, files = asked
                    if self._forked(request, files):
                        return (*request.arguments, "--lifeline", str(files[2]))
        return None

    def _forked(self, request: _forks.Request, files: Sequence[int]) -> bool:
        """Fork, and return whether this is the child."""
        try:
            pid = os.fork()
        except OSError as error:
            refused = _forks.Refused(number=request.number, why=error.strerror or str(error))
            _forks.answer(self._control, refused)
            _close(files)
            return False
        if pid == 0:
            self._become(request, files)
            return True
        _close(files)
        _forks.answer(self._control, _forks.Forked(number=request.number, pid=pid))
        return False

    def _become(self, request: _forks.Request, files: Sequence[int]) -> None:
        """Leave behind what is the parent's."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for end in (self._control, self._woken, self._waker):
            end.close()
        os.setsid()  # a Ctrl-C is for the sidecar, which then ends its children
        output, errors, _ = files
        os.dup2(output, 1)
        os.dup2(errors, 2)
        _close((output, errors))
        show(["-m", child.__name__, *request.arguments])

    def _reap(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._woken.recv(4096)
        with contextlib.suppress(ChildProcessError):
            while (found := os.waitpid(-1, os.WNOHANG))[0]:
                pid, status = found
                ended = _forks.Ended(pid=pid, status=os.waitstatus_to_exitcode(status))
                _forks.answer(self._control, ended)


def _close(files: Sequence[int]) -> None:
    for each in files:
        os.close(each)


def show(arguments: Sequence[str]) -> None:
    """Let ``ps`` show the command line that starts such a process, as far as there is room."""
    with contextlib.suppress(OSError, ValueError, IndexError):  # it does not matter where it cannot be had
        fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        first, last = int(fields[_FIRST]), int(fields[_LAST])
        text = "\0".join([sys.executable, *arguments]).encode()[: last - first - 1]
        with open("/proc/self/mem", "r+b", buffering=0) as memory:
            memory.seek(first)
            memory.write(text.ljust(last - first, b"\0"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
