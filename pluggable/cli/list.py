"""``pluggable list``: the sockets in the shared folder, what they serve and whether they answer."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from ..errors import ComponentError
from ..runtime.discovery import BLOCK_OF_SERVICE, sockets
from ..sockets import sockets_folder

ANSWER_SECONDS = 2.0


def options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--folder", type=Path, help="where to look; default: where a sidecar would")


def run(arguments: argparse.Namespace) -> int:
    """Print a line for each socket; the exit code is 1 if one does not answer."""
    folder = arguments.folder or sockets_folder()
    rows = asyncio.run(_rows(folder))
    if not rows:
        sys.stdout.write(f"no sockets in {folder}\n")
    for name, serves, _ in rows:
        sys.stdout.write(f"{name:30} {serves}\n")
    return 0 if all(answers for _, _, answers in rows) else 1


async def _rows(folder: Path) -> list[tuple[str, str, bool]]:
    return await asyncio.gather(*(_row(path) for path in sockets(folder)))


async def _row(path: Path) -> tuple[str, str, bool]:
    """Ask one socket what it serves."""
    from ..remote import list_services

    try:
        services = await list_services(f"unix:{path}", ANSWER_SECONDS)
    except ComponentError as error:
        return path.name, f"does not answer: {error}", False
    name = path.stem.lower()
    types = sorted({f"{block}.{name}" for service, block in BLOCK_OF_SERVICE.items() if service in services})
    return path.name, ", ".join(types) or "no component: none of its services is one of Dapr's", True
