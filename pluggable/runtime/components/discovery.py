"""
Strangers' sockets in the shared folder, found while the sidecar runs.

What happens to one, in order: *a socket appears → dial → list services → Init → Features*, if wanted.
The first two are here, the others in ``remote``. A socket that does not answer holds up nobody but itself.
"""

from __future__ import annotations

import asyncio
import logging
import os
import stat
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from ... import remote
from ..._wire import names
from ...errors import ComponentError
from ...sockets import SocketError, SocketsFolder

#: How often the folder's time of change is looked at: one stat, which costs less than a watcher's thread.
LOOK_SECONDS = 0.2
#: A time of change so young may be that of the next change too, since file systems' clocks are coarse.
YOUNG_SECONDS = 0.5
#: How long a socket may take to say what it serves before it is reported as silent.
ANSWER_SECONDS = 3.0
#: A silent socket is asked again so often, for it may be a server that is just starting.
ASK_AGAIN_SECONDS = 1.0

logger: logging.Logger = logging.getLogger(__name__)

Identity = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Stranger:
    """A socket that said what it serves."""

    name: str
    """The file's name without its last extension, in lower case."""
    path: Path
    identity: Identity
    services: frozenset[str]

    @property
    def address(self) -> str:
        """Where it answers, as the transport spells it."""
        return f"unix:{self.path}"

    def types(self) -> list[str]:
        """The component types it serves."""
        return names.types_of(self.name, self.services)


ListServices = Callable[[str, float], Awaitable[frozenset[str]]]


class Discovery:
    """
    The folder's sockets, kept up to date by ``watch``; ``strangers`` are those that answered, by type.

    A socket that goes away is not offered any more; what is connected to it knows for itself.
    """

    def __init__(
        self,
        folder: SocketsFolder,
        changed: Callable[[], None],
        list_services: ListServices = remote.list_services,
    ) -> None:
        self.folder: Path = folder.path
        self.refused: str | None = None
        """Why nothing in the folder is trusted, where that is so."""
        self._trust = folder
        self.strangers: dict[str, Stranger] = {}
        self.early: set[str] = set()
        """Types whose sockets were there at the first look and answered then."""
        self.silent: dict[Path, str] = {}
        """Sockets that did not say what they serve, with the reason."""
        self._changed = changed
        self._list_services = list_services
        self._known: dict[Path, Identity] = {}
        self._asking: dict[Path, asyncio.Task[None]] = {}
        self._first: dict[Path, asyncio.Task[None]] = {}

    async def watch(self) -> None:
        """Look for new and vanished sockets until cancelled."""
        seen: int | None = None
        asked = 0.0
        try:
            while True:
                changed = self._changed_at()
                if changed is None or changed != seen:
                    self._scan()
                seen = changed if changed and time.time_ns() - changed > YOUNG_SECONDS * 1e9 else None
                if self.silent and time.monotonic() - asked > ASK_AGAIN_SECONDS:
                    asked = time.monotonic()
                    for path in self.silent:
                        self._ask(path)
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            for task in self._asking.values():
                task.cancel()
            await asyncio.gather(*self._asking.values(), return_exceptions=True)

    def look(self) -> None:
        """Note which sockets are there at start, and ask them what they serve."""
        self._scan()
        self._first = dict(self._asking)

    def asks(self, name: str) -> bool:
        """Whether a socket of this name was there at start and is still being asked what it serves."""
        return any(not task.done() for task in self._asked_first(name))

    async def answered(self, name: str) -> None:
        """Wait until sockets of this name that were there at start have answered, or failed to."""
        await asyncio.gather(*self._asked_first(name), return_exceptions=True)

    def _asked_first(self, name: str) -> list[asyncio.Task[None]]:
        return [task for path, task in self._first.items() if path.stem.lower() == name]

    def _changed_at(self) -> int | None:
        try:
            return os.stat(self.folder).st_mtime_ns
        except OSError:
            return None

    def _scan(self) -> None:
        """Note what is new, replaced or gone."""
        try:
            self._trust.check()
            found = sockets(self.folder)
        except SocketError as error:
            if self.refused is None:
                logger.error("no socket is looked at: %s", error)  # noqa: TRY400  the text says it all
            self.refused = str(error)
            return
        self.refused = None
        for path in self._known.keys() - found.keys():
            logger.warning("socket %s is gone", path)
            self._known.pop(path)
            self.silent.pop(path, None)
            for type_ in [each for each, stranger in self.strangers.items() if stranger.path == path]:
                self.strangers.pop(type_)
        for path, identity in found.items():
            if self._known.get(path) != identity:
                self._known[path] = identity
                self._ask(path)

    def _ask(self, path: Path) -> None:
        if path in self._asking:
            return
        identity = self._known.get(path)
        task = asyncio.create_task(self._meet(path, identity), name=f"asking {path}")
        self._asking[path] = task
        task.add_done_callback(lambda task: self._met(path, identity, task))

    def _met(self, path: Path, identity: Identity | None, task: asyncio.Task[None]) -> None:
        """Go on to the successor of a socket that was replaced while it was asked."""
        self._asking.pop(path, None)
        if not task.cancelled() and self._known.get(path, identity) != identity:
            self._ask(path)

    async def _meet(self, path: Path, identity: Identity | None) -> None:
        """Ask a socket what it serves and list it."""
        try:
            self._trust.check_socket(path)
            services = await self._list_services(f"unix:{path}", ANSWER_SECONDS)
        except ComponentError as error:
            if path not in self.silent:
                logger.warning("socket %s does not say what it serves, and is asked again: %s", path, error)
            self.silent[path] = str(error)
            return
        self.silent.pop(path, None)
        if identity is None or identity != self._known.get(path):
            return  # gone or replaced meanwhile: its successor is asked for itself
        stranger = Stranger(path.stem.lower(), path, identity, services)
        types = stranger.types()
        logger.info("socket %s serves %s", path, ", ".join(types) or "no component")
        self.strangers.update(dict.fromkeys(types, stranger))
        if self._first.get(path) is asyncio.current_task():
            self.early.update(types)
        self._changed()


def sockets(folder: Path) -> dict[Path, Identity]:
    """
    Return the sockets in the folder, with what tells one from its successor; no folder, no sockets.

    Raises:
        SocketError: the folder cannot be read.
    """
    found = {}
    try:
        entries = list(os.scandir(folder))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise SocketError(f"folder {folder} cannot be read: {error.strerror}") from error
    for entry in sorted(entries, key=lambda entry: entry.name):
        try:
            about = entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            continue  # it went between the two calls
        if stat.S_ISSOCK(about.st_mode):
            found[Path(entry.path)] = (about.st_dev, about.st_ino)
    return found
