"""Who serves a socket: what tells a restarted component from one whose connection merely broke."""

from __future__ import annotations

import os

#: Device, inode and time of creation; inodes alone are given out again at once by some file systems.
Identity = tuple[int, int, int]


def identity(address: str) -> Identity | None:
    """Return what identifies the socket behind an address now; ``None`` if it is gone or no unix socket."""
    if not address.startswith("unix:"):
        return None
    try:
        found = os.stat(address.removeprefix("unix:"))
    except OSError:
        return None
    # A change of mode or name leaves the modification time of a socket alone.
    return found.st_dev, found.st_ino, found.st_mtime_ns
