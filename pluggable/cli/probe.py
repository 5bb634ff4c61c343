"""``pluggable probe``: whether the components on a socket can work, for Kubernetes' exec probes."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from ..doctor.health import Health, health_of
from ..serving.socket import is_served
from ..sockets import SocketError

#: Below kubelet's default of 1 s for a probe, so that it is this sentence that is seen.
ANSWER_SECONDS = 0.7


def options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("socket", help="the component's socket")
    parser.add_argument(
        "--service",
        default="",
        help="one service's full name, such as dapr.proto.components.v1.StateStore; default: all",
    )
    parser.add_argument(
        "--timeout",
        type=_seconds,
        default=ANSWER_SECONDS,
        metavar="SECONDS",
        help=f"how long it may take, default {ANSWER_SECONDS:g}; give kubelet's timeoutSeconds some more",
    )


def run(arguments: argparse.Namespace) -> int:
    """Print a sentence; the exit code is 0 if the components can work, else 1."""
    path = Path(arguments.socket.removeprefix("unix:")).absolute()
    if obstacle := _obstacle(path):
        health = Health(works=False, text=obstacle)
    else:
        health = asyncio.run(health_of(f"unix:{path}", arguments.timeout, service=arguments.service))
    (sys.stdout if health.works else sys.stderr).write(f"{path} {health.text}\n")
    return 0 if health.works else 1


def _obstacle(path: Path) -> str:
    """Return why nobody can be asked, which costs no gRPC to find out."""
    if not path.exists():
        return "is not there"
    if not path.is_socket():
        return "is no socket"
    try:
        return "" if is_served(path.resolve()) else "has nobody who listens"
    except SocketError as error:
        return f"cannot be asked: {error}"


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f'"{text}" is no number of seconds above 0')
    return seconds
