"""Who is at the other end of a connection."""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from typing import Final

#: macOS's socket option for a peer's process, which Python does not name.
_SOL_LOCAL: Final = 0
_LOCAL_PEERPID: Final = 2


def peer_of(transport: asyncio.Transport) -> str:
    """
    Return ``unix:4711`` with the process that connected, ``ipv4:127.0.0.1:40000`` or ``ipv6:[::1]:40000``.

    It is ``unix:`` alone where the process cannot be seen, as from one container in another.
    """
    found = transport.get_extra_info("socket")
    if found is None:
        return "unknown:"
    if found.family == socket.AF_UNIX:
        process = _process(found)
        return f"unix:{process}" if process else "unix:"
    host, port = transport.get_extra_info("peername")[:2]
    if host.startswith("::ffff:") and "." in host:  # one of the other family on a socket for both
        host = host.removeprefix("::ffff:")
    return f"ipv6:[{host}]:{port}" if ":" in host else f"ipv4:{host}:{port}"


def _process(found: socket.socket) -> int:
    try:
        if sys.platform == "linux":
            credentials = found.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
            return int(struct.unpack("3i", credentials)[0])
        return found.getsockopt(_SOL_LOCAL, _LOCAL_PEERPID)
    except OSError:
        return 0
