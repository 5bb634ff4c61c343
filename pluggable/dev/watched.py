"""The process that is watched: it loads the author's module, says what that is made of, and serves."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from .. import logs
from ..errors import ComponentError
from ..serving.instances import Offered
from ..serving.running import Stop, run
from ..serving.server import ComponentServer
from .faults import readable
from .sources import loaded_files

#: What the parent writes when the process before has made room.
SERVE: Final = b"s"
#: How long calls under way may take when the process is to make room for the next.
DRAIN_SECONDS: Final = 0.2
#: These tell what the parent tells, too.
_QUIET: Final = ("pluggable.serving.endpoint", "pluggable.serving.running")


class Parent:
    """Who watches, over two pipes: one for what it is told, one for its word, whose end is the end."""

    def __init__(self, told: int, word: int) -> None:
        self.word = word
        self._told = told

    def tell(self, **facts: object) -> None:
        """Write one line of JSON."""
        os.write(self._told, json.dumps(facts).encode() + b"\n")

    def lets_serve(self) -> bool:
        """Wait for its word; ``False`` says that the process is not needed, or the parent gone."""
        return os.read(self.word, 1) == SERVE


def run_watched(load: Callable[[], Mapping[str, Offered]], folder: Path | None, parent: Parent) -> int:
    """Load and serve until a signal comes or the parent is gone; return the exit status."""
    logs.setup()
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        components = load()
    except Exception as error:  # noqa: BLE001  an author's module raises what it will
        parent.tell(files=_names(loaded_files(error)), error=readable(error))
        return 1
    parent.tell(files=_names(loaded_files()))
    if not parent.lets_serve():
        return 0
    try:
        run(_serve(components, folder, parent))
    except ComponentError as error:
        parent.tell(error=str(error))
        return 1
    return 0


async def _serve(components: Mapping[str, Offered], folder: Path | None, parent: Parent) -> None:
    stop = Stop()
    stop.at_end_of(parent.word)
    with stop.at_signals():
        async with ComponentServer(components, folder=folder) as server:
            parent.tell(sockets={name: str(path) for name, path in server.sockets.items()})
            await stop.drained(server, DRAIN_SECONDS)


def _names(files: set[Path]) -> list[str]:
    return sorted(map(str, files))
