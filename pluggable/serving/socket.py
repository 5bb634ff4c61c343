"""
Putting a server's socket into a folder, and taking it out again.

A socket is bound in a random sub-folder and moved to its name when it answers: who finds it can use it.
The file that stays behind when a server dies is replaced; one that somebody answers on is not.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import secrets
import shutil
import socket
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..sockets import SocketError, check_length
from ..transport import Server

#: What the sub-folders begin with; the dot keeps them out of listings.
STAGING_PREFIX: Final = ".bind-"
_BOUND_NAME: Final = "s"


@dataclass(frozen=True, slots=True)
class PublishedSocket:
    """A socket file that is ours."""

    path: Path
    identity: tuple[int, int]
    """Device and inode: what tells it from another file of this name."""

    def withdraw(self) -> None:
        """Remove the file unless another server has put its own there; who is connected stays connected."""
        with contextlib.suppress(FileNotFoundError), _locked(self.path.parent):
            if _identity(self.path) == self.identity:
                self.path.unlink()


async def publish(server: Server, path: Path, *, mode: int) -> PublishedSocket:
    """
    Bind the server, let it answer, and put its socket at the path.

    Raises:
        SocketError: somebody serves there already, something else is in the way, or the path is too long.
    """
    try:
        with _staging(path) as bound:
            await server.listen(f"unix:{bound}")
            await server.start()
            return await asyncio.to_thread(_move, bound, path, mode)
    except PermissionError as error:
        raise SocketError(f"socket {path} cannot be made: {_no_permission(path.parent)}") from error
    except OSError as error:
        raise SocketError(f"socket {path} cannot be made: {error.strerror or error}") from error


def _no_permission(folder: Path) -> str:
    """Say who may not write to whose folder: in a pod, the users of its containers differ."""
    sentence = f"user {os.geteuid()} may not write to {folder}"
    with contextlib.suppress(OSError):
        about = folder.stat()
        sentence += f", which is user {about.st_uid}'s with mode {stat.S_IMODE(about.st_mode):o}"
    return f"{sentence}; give it a mode or a group that lets this user write, or name another folder"


@contextlib.contextmanager
def _staging(path: Path) -> Iterator[Path]:
    """Make a sub-folder to bind in, give a path in it, and remove it with all that is left there."""
    check_length(path)
    if is_served(path):
        raise SocketError(
            f"socket {path} is served by another process; stop that one, or choose another name"
        )
    remove_leftovers(path.parent)
    folder, handle = _held_folder(path.parent)
    try:
        yield folder / _BOUND_NAME
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


def _held_folder(parent: Path) -> tuple[Path, int]:
    """Make a sub-folder and lock it, so that nobody takes it for a leftover."""
    while True:
        folder = parent / f"{STAGING_PREFIX}{secrets.token_hex(4)}"
        check_length(folder / _BOUND_NAME)
        folder.mkdir(mode=0o700)
        # Either says that it was taken for a leftover before it was locked.
        with contextlib.suppress(BlockingIOError, FileNotFoundError):
            handle = _lock(folder, wait=False)
            if folder.exists():
                return folder, handle
            os.close(handle)


def remove_leftovers(folder: Path) -> None:
    """Remove the sub-folders of servers that died while they bound; the living have locked theirs."""
    for leftover in folder.glob(f"{STAGING_PREFIX}*"):
        with contextlib.suppress(OSError), _locked(leftover, wait=False):
            shutil.rmtree(leftover, ignore_errors=True)


def is_served(path: Path) -> bool:
    """
    Return whether somebody answers on a socket; a path without a file is not served.

    Raises:
        SocketError: the file is no socket, or it cannot be told because connecting is not allowed.
    """
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise SocketError(f"{path} is in the way, and is no socket; remove it, or choose another name")
    except FileNotFoundError:
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(os.fspath(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except BlockingIOError:
            return True  # its queue is full, so there is one
        except OSError as error:
            raise SocketError(
                f"socket {path} is there and cannot be connected to: {error.strerror or error}; "
                "remove it, or choose another name"
            ) from error
    return True


def _move(bound: Path, path: Path, mode: int) -> PublishedSocket:
    """Give the bound socket its mode and its name, unless somebody was faster."""
    if not is_served(bound):
        raise SocketError(f"socket {path} was bound and does not answer; this is a fault of the transport")
    bound.chmod(mode)
    with _locked(path.parent):
        if is_served(path):
            raise SocketError(
                f"socket {path} is served by another process since a moment; choose another name"
            )
        identity = _identity(bound)
        bound.rename(path)
    return PublishedSocket(path, identity)


def _identity(path: Path) -> tuple[int, int]:
    about = path.lstat()
    return about.st_dev, about.st_ino


@contextlib.contextmanager
def _locked(folder: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold a folder against others of us."""
    handle = _lock(folder, wait=wait)
    try:
        yield
    finally:
        os.close(handle)


def _lock(folder: Path, *, wait: bool) -> int:
    """Lock a folder and return the handle that holds it; the system lets go of it when a process dies."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BaseException:
        os.close(handle)
        raise
    return handle
