"""What the operating system knows of connections and grpcio does not tell."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Collection

#: Where a process finds its own open files: Linux, macOS.
_OPEN_FILES = ("/proc/self/fd", "/dev/fd")


def connected(addresses: Collection[str | int]) -> int | None:
    """
    Count the connections this process accepted on these paths and ports; ``None`` where it cannot look.

    A connection keeps the path that was bound when the socket is renamed. ``/proc/net`` would be no help: a
    connection from another container is listed over there, not here.
    """
    for folder in _OPEN_FILES:
        if os.path.isdir(folder):
            return sum(_accepted_on(int(name)) in addresses for name in os.listdir(folder))
    return None


def _accepted_on(fd: int) -> str | int | None:
    # the files belong to core's threads: one may be closed, or be another, by the time it is looked at
    try:
        if not stat.S_ISSOCK(os.fstat(fd).st_mode):
            return None
        borrowed = socket.socket(fileno=fd)
    except OSError:
        return None
    try:
        borrowed.getpeername()  # fails for one that listens
        name = borrowed.getsockname()
    except OSError:
        return None
    finally:
        borrowed.detach()
    if borrowed.family == socket.AF_UNIX:
        return str(name)
    return int(name[1]) if isinstance(name, tuple) else None
