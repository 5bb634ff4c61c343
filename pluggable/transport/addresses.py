"""Addresses of servers: reading them, and binding them."""

from __future__ import annotations

import asyncio
import errno
import os
import socket

#: Connections that may wait to be accepted.
_BACKLOG = 1024
_UNIX = "unix:"


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


def joined(host: str, port: int) -> str:
    """Return the address of a host and port."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def socket_path(address: str) -> str | None:
    """Return the path of ``unix:/absolute/path``, or ``None`` of what is no such address."""
    return address.removeprefix(_UNIX) if address.startswith(_UNIX + "/") else None


async def bound(address: str) -> list[socket.socket]:
    """
    Bind the address and return its sockets, not blocking: one, or one for each address of a host.

    Connections wait in them from now on.

    Raises:
        OSError: it cannot be bound; the text names the address and the reason.
    """
    try:
        path = socket_path(address)
        if path is not None:
            return [_bound_path(path)]
        return await _bound_port(*host_and_port(address))
    except OSError as error:
        reason = error.strerror or str(error)
        raise OSError(error.errno or errno.ENAMETOOLONG, f"cannot listen on {address}: {reason}") from error


async def check_free(address: str) -> None:
    """
    Bind the address and let go of it again.

    Raises:
        OSError: it cannot be bound; the text names the address and the reason.
    """
    for found in await bound(address):
        found.close()
    path = socket_path(address)
    if path is not None:
        os.unlink(path)


def _bound_path(path: str) -> socket.socket:
    if os.path.lexists(path):
        raise OSError(errno.EADDRINUSE, "the path exists; remove it if nobody serves it")
    listening = socket.socket(socket.AF_UNIX)
    try:
        listening.bind(path)
        listening.listen(_BACKLOG)
        listening.setblocking(False)
    except BaseException:
        listening.close()
        raise
    return listening


async def _bound_port(host: str, port: int) -> list[socket.socket]:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    sockets: list[socket.socket] = []
    try:
        for family, kind, protocol, _, where in dict.fromkeys(found):
            # all addresses of a host have the port that the first was given
            at = (where[0], sockets[0].getsockname()[1], *where[2:]) if sockets else where
            listening = socket.socket(family, kind, protocol)
            sockets.append(listening)
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:  # "::" is for both, unless the other has a socket of its own
                listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(len(found) > 1))
            listening.bind(at)
            listening.listen(_BACKLOG)
            listening.setblocking(False)
    except BaseException:
        for listening in sockets:
            listening.close()
        raise
    return sockets
