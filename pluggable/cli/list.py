"""``pluggable list``: the sockets in the shared folder, what they serve and whether they answer."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import anyio

from ..errors import ComponentError
from ..remote import list_services
from ..runtime.components.discovery import Stranger, sockets
from ..sockets import SocketError, SocketsFolder

ANSWER_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Row:
    """A socket, and what it serves or why that is not known."""

    socket: str
    serves: str
    usable: bool


def options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--folder", type=Path, help="where to look; default: where a sidecar would")


def run(arguments: argparse.Namespace) -> int:
    """Print a line for each socket; the exit code is 1 if a sidecar could not use one of them."""
    folder = SocketsFolder.find(arguments.folder)
    try:
        folder.check()
        rows = anyio.run(_rows, folder)
    except SocketError as error:
        sys.stderr.write(f"pluggable list: {error}\n")
        return 1
    if not rows:
        sys.stdout.write(f"no sockets in {folder.path}\n")
    width = max((len(row.socket) for row in rows), default=0)
    for row in rows:
        sys.stdout.write(f"{row.socket:{width}}  {row.serves}\n")
    return 0 if all(row.usable for row in rows) else 1


async def _rows(folder: SocketsFolder) -> list[Row]:
    """Ask all sockets at once, since a silent one takes its time."""
    found = sockets(folder.path)
    rows: dict[Path, Row] = {}

    async def ask(path: Path) -> None:
        rows[path] = await _row(folder, path, found[path])

    async with anyio.create_task_group() as tasks:
        for path in found:
            tasks.start_soon(ask, path)
    return [rows[path] for path in found]


async def _row(folder: SocketsFolder, path: Path, identity: tuple[int, int]) -> Row:
    """Ask one socket what it serves."""
    try:
        folder.check_socket(path)
        services = await list_services(f"unix:{path}", ANSWER_SECONDS)
    except SocketError as error:
        return Row(path.name, f"is not trusted: {error}", usable=False)
    except ComponentError as error:
        return Row(path.name, f"does not answer: {error}", usable=False)
    types = Stranger(path.stem.lower(), path, identity, services).types()
    return Row(path.name, ", ".join(types) or "no component", usable=bool(types))
