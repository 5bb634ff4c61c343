"""
What a sidecar and the process that forks its children say to each other, a packet a message.

The sidecar asks for a child with the files that shall be its output, its errors and its lifeline. It is told
the child's process id, or why there is none, and later how it ended.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

#: More than the command line of a child has; packets of this size pass through a socket as it comes.
PACKET_BYTES: Final = 64 * 1024
#: Output, errors and lifeline.
FILES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Fork a child that does what ``pluggable.serving.child`` does with these arguments."""

    number: int
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forked:
    """The child of a request is running."""

    number: int
    pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """There is no child for a request."""

    number: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A child is no more; ``status`` is negative for the signal that ended it."""

    pid: int
    status: int


Answer = Forked | Refused | Ended
_ANSWERS: Final[dict[str, type[Answer]]] = {each.__name__: each for each in (Forked, Refused, Ended)}


def pair() -> tuple[socket.socket, socket.socket]:
    """Return the two ends, which keep messages apart."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def ask(control: socket.socket, request: Request, files: Sequence[int]) -> None:
    """Send a request with its files, which stay the caller's to close."""
    socket.send_fds(control, [json.dumps(asdict(request)).encode()], list(files))


def asked(control: socket.socket) -> tuple[Request, list[int]] | None:
    """Return the next request with its files, or ``None`` when the sidecar is gone."""
    data, files, _, _ = socket.recv_fds(control, PACKET_BYTES, FILES)
    if not data:
        return None
    for each in files:
        os.set_inheritable(each, False)
    said = json.loads(data)
    return Request(number=said["number"], arguments=tuple(said["arguments"])), files


def answer(control: socket.socket, said: Answer) -> None:
    """Send an answer."""
    control.send(json.dumps({"kind": type(said).__name__, **asdict(said)}).encode())


def answered(control: socket.socket) -> Answer | None:
    """Return the next answer, or ``None`` when the other end is gone."""
    try:
        data = control.recv(PACKET_BYTES)
    except ConnectionResetError:  # it died with requests that it had not read
        return None
    if not data:
        return None
    said: dict[str, Any] = json.loads(data)
    return _ANSWERS[said.pop("kind")](**said)
