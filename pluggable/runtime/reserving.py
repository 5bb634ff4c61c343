"""Ports kept from others from the first moment on, though they are served a good deal later."""

from __future__ import annotations

import contextlib
import socket
import sys

from .config import RuntimeConfig

#: How many connections may wait at a port that is not served yet.
WAITING = 1024


class Reservation:
    """
    Keeps a sidecar's ports until they are handed over; those that cannot be had are left to who serves them.

    Who looks for a sidecar again and again dials its port from ports that the system picks, which sooner or
    later is that very port: the connection is then one to itself, and nobody can listen there for a minute.
    A port that is bound is never picked; one that is listened at is taken by no other program either.
    """

    def __init__(self, config: RuntimeConfig) -> None:
        self._sockets: dict[tuple[str, int], socket.socket] = {}
        if sys.platform != "linux":
            return
        wanted = [
            (host, port) for host in config.listen_addresses for port in (config.http_port, config.grpc_port)
        ]
        wanted.append((config.internal_listen_address, config.internal_grpc_port))
        wanted.append((config.public_listen_address, config.public_port))
        if config.enable_metrics:
            wanted.append((config.metrics_listen_address, config.metrics_port))
        for host, port in wanted:
            if port:
                self._reserve(host, port)

    def _reserve(self, host: str, port: int) -> None:
        kept = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):
            kept.bind((host, port))
            kept.listen(WAITING)
            self._sockets[host, port] = kept
            return
        kept.close()

    def hand_over(self, host: str, port: int) -> socket.socket | None:
        """Return the socket that listens there, which the caller closes; ``None`` if the port is not kept."""
        return self._sockets.pop((host, port), None)

    def close(self) -> None:
        """Keep no port any longer."""
        for kept in self._sockets.values():
            kept.close()
        self._sockets.clear()
