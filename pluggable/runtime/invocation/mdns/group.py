"""The group that all who speak multicast DNS listen in, as one socket."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import struct
from collections.abc import Callable
from typing import Final, Self

GROUP: Final = "224.0.0.251"
PORT: Final = 5353
#: Longer datagrams are no messages of multicast DNS.
MOST_BYTES: Final = 9000
#: So many datagrams are read before others have their turn.
_AT_ONCE: Final = 32

#: Called with a datagram, and the host and port that it came from.
Heard = Callable[[bytes, tuple[str, int]], None]

logger: logging.Logger = logging.getLogger(__name__)


class Group:
    """
    Sends to the group, and tells what is said there; ``async with`` joins and leaves it.

    It is joined on every interface, and spoken to on the loopback's where there is no other.

    Raises:
        OSError: there is no way to join.
    """

    def __init__(self, heard: Heard) -> None:
        self._heard = heard
        self._socket: socket.socket
        self._interfaces: dict[int, str] = {}

    async def __aenter__(self) -> Self:
        self._socket = _bound()
        self._join()
        if not self._interfaces:
            self._socket.close()
            raise OSError("no network interface takes multicast")
        asyncio.get_running_loop().add_reader(self._socket.fileno(), self._read)
        return self

    async def __aexit__(self, *_: object) -> None:
        asyncio.get_running_loop().remove_reader(self._socket.fileno())
        self._socket.close()

    def send(self, data: bytes) -> None:
        """Say something to all; what cannot be sent is lost, as datagrams may be."""
        self._join()
        outside = [index for index, name in self._interfaces.items() if not name.startswith("lo")]
        for index in outside or self._interfaces:
            with contextlib.suppress(OSError):
                self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, _on("0.0.0.0", index))
                self._socket.sendto(data, (GROUP, PORT))

    def send_to(self, data: bytes, address: tuple[str, int]) -> None:
        """Say something to one."""
        with contextlib.suppress(OSError):
            self._socket.sendto(data, address)

    def _join(self) -> None:
        """Join on interfaces on which that has not been done; networks come while a laptop is awake."""
        for index, name in socket.if_nameindex():
            if index in self._interfaces:
                continue
            with contextlib.suppress(OSError):
                self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, _on(GROUP, index))
                self._interfaces[index] = name

    def _read(self) -> None:
        for _ in range(_AT_ONCE):
            try:
                data, sender = self._socket.recvfrom(MOST_BYTES)
            except OSError:
                return
            self._heard(data, sender)


def _bound() -> socket.socket:
    found = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        found.setblocking(False)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        found.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
        found.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)
        found.bind(("", PORT))
    except BaseException:
        found.close()
        raise
    return found


def _on(address: str, index: int) -> bytes:
    """Return ``struct ip_mreqn``: a group, any address, and an interface."""
    return struct.pack("@4s4si", socket.inet_aton(address), bytes(4), index)
