"""Ports for programs that cannot choose one and say which: free a moment ago, not soon given to others."""

from __future__ import annotations

import contextlib
import random
import socket

#: Below those that Linux gives to connections, so that none of these takes one in between.
PORTS = range(20_000, 32_000)


def free_ports(number: int) -> list[int]:
    """Return so many different ports."""
    sockets: list[socket.socket] = []
    while len(sockets) < number:
        with contextlib.suppress(OSError):
            sockets.append(socket.create_server(("", random.choice(PORTS))))
    try:
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def free_port() -> int:
    """Return one port."""
    return free_ports(1)[0]
