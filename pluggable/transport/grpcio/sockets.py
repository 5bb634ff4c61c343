"""What the operating system knows of addresses and connections and grpcio does not tell."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import stat
from collections.abc import Collection

#: Where a process finds its own open files: Linux, macOS.
_OPEN_FILES = ("/proc/self/fd", "/dev/fd")


async def check_free(address: str) -> None:
    """
    Bind the address and let go of it again.

    grpcio binds over the socket of a living server, and says of any failure only that there was one.

    Raises:
        OSError: it cannot be bound; the text names the address and the reason.
    """
    try:
        if address.startswith("unix:/"):
            _check_path(address.removeprefix("unix:"))
        else:
            await _check_port(*host_and_port(address))
    except OSError as error:
        reason = error.strerror or str(error)
        raise OSError(error.errno or errno.ENAMETOOLONG, f"cannot listen on {address}: {reason}") from error


def host_and_port(address: str) -> tuple[str, int]:
    """
    Split ``host:port``, or ``[host]:port`` where the host has colons.

    Raises:
        OSError: the address has no such form.
    """
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 0xFFFF:
        raise OSError(errno.EINVAL, 'the address is neither "unix:/absolute/path" nor "host:port"')
    return host.removeprefix("[").removesuffix("]"), int(port)


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


def _check_path(path: str) -> None:
    if os.path.lexists(path):
        raise OSError(errno.EADDRINUSE, "the path exists; remove it if nobody serves it")
    with socket.socket(socket.AF_UNIX) as probe:
        probe.bind(path)
    os.unlink(path)


async def _check_port(host: str, port: int) -> None:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    for family, kind, protocol, _, where in found:
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(where)


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
