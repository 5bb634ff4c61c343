"""Signs of life: who says nothing while it has streams is asked, and given up if it does not answer."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from typing import TYPE_CHECKING, Final

from ngh2 import Role

if TYPE_CHECKING:
    from .connection import Connection

#: A timer that is later than this says that we were held up, and what was sent to us may not be read yet.
_LATE_SECONDS: Final = 1.0
#: PINGs before their time, of the two that other servers of gRPC's take; the third ends the connection.
_EARLY: Final = 1
#: How often the kernel asks in vain before it takes a host for gone, and after how many seconds again.
_PROBES: Final = 3
_PROBE_SECONDS: Final = 10
#: The option for the silence before that, which macOS calls otherwise and Python does not always name there.
_IDLE: Final = socket.TCP_KEEPIDLE if sys.platform == "linux" else 0x10


def watch_host(transport: asyncio.BaseTransport, silence_seconds: float) -> None:
    """Have the kernel notice that the host at the other end of TCP is gone, which no server counts."""
    found = transport.get_extra_info("socket")
    if found is None or found.family not in (socket.AF_INET, socket.AF_INET6):
        return
    milliseconds = int((silence_seconds + _PROBES * _PROBE_SECONDS) * 1000)
    with contextlib.suppress(OSError):  # macOS refuses it for a peer that has gone already
        found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        found.setsockopt(socket.IPPROTO_TCP, _IDLE, max(int(silence_seconds), 1))
        found.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _PROBE_SECONDS)
        found.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, _PROBES)
        if sys.platform == "linux":  # the same for what was sent and not acknowledged
            found.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)


class Keepalive:
    """
    Looks now and then whether anything was read, which costs a request nothing.

    A peer that has streams and was silent for ``silence_seconds`` is sent a PING; whatever it says within
    ``answer_seconds`` is a sign of life. Who has answered and says no more than that is not asked again
    before ``quiet_seconds``, since servers take who asks often for an enemy (grpc-go, Java and C: more than
    twice in five minutes), unless it has been sent a request meanwhile. Whether its host is there, the kernel
    asks in between.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        self._bounds = connection.bounds
        self._read = 0
        """What had been read when we looked last."""
        self._silent = 0
        """How often in a row there was nothing, with streams open."""
        self._answer = -1
        """What had been read when the peer had answered, and nothing else."""
        self._again = 0.0
        self._newest = 0
        self._early = 0
        self._timer = self._next()

    def stop(self) -> None:
        """Ask no more."""
        self._timer.cancel()

    def _next(self) -> asyncio.TimerHandle:
        return self._loop.call_later(self._bounds.silence_seconds / 2, self._look)

    def _look(self) -> None:
        connection = self._connection
        if connection.reads != self._read or not connection.streams:
            self._read, self._silent = connection.reads, 0
        else:
            self._silent += 1
        if self._silent >= 2 and self._may_ask():
            self._ask()
        else:
            self._timer = self._next()

    def _may_ask(self) -> bool:
        """Return whether the peer is not annoyed by it."""
        connection = self._connection
        if connection.role is Role.SERVER:  # no client counts them
            return True
        if connection.reads != self._answer:
            self._early = 0
        elif self._loop.time() < self._again:
            if connection.newest == self._newest or self._early >= _EARLY:
                return False
            self._early += 1
        return True

    def _ask(self) -> None:
        connection = self._connection
        self._silent = 0
        self._newest = connection.newest
        self._again = self._loop.time() + self._bounds.quiet_seconds
        connection.ping(lambda: None)
        self._wait_for_answer()

    def _wait_for_answer(self) -> None:
        due = self._loop.time() + self._bounds.answer_seconds
        self._timer = self._loop.call_at(due, self._judge, self._connection.reads, due)

    def _judge(self, read: int, due: float) -> None:
        connection = self._connection
        if connection.reads == read and self._loop.time() - due > _LATE_SECONDS:
            self._wait_for_answer()
        elif connection.reads == read:
            connection.give_up(f"it gave no sign of life for {self._bounds.answer_seconds:g} s")
        else:
            if connection.reads == read + 1:
                self._answer = connection.reads
            self._timer = self._next()
