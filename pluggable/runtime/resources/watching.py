"""Folders and files under watch: a change of what is there is told once it has come to rest."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from .reading import is_manifest

#: How often it is looked: a stat a file, in a thread. It sees what the kernel's events miss (network and
#: bind-mounted file systems, a folder that is replaced, as a ConfigMap's) and needs no library.
LOOK_SECONDS = 0.5
#: How long all must have been as it is before it counts: who writes a file may be in the midst of it.
REST_SECONDS = 0.15
#: So long at most, for something that never comes to rest.
LONGEST_UNREST_SECONDS = 2.0

#: What tells a file from what it was: device, inode, size, and the times of its content and of all of it.
_State = tuple[int, int, int, int, int]
_Seen = dict[str, _State | None]


class Watch:
    """
    Calls back when a YAML file in one of the folders, or one of the files, is new, changed or gone.

    ``look`` notes what there is, and is called once before that is read; ``watch`` goes on from there.
    """

    def __init__(self, paths: Sequence[Path], changed: Callable[[], None]) -> None:
        self._paths = paths
        self._changed = changed
        self._seen: _Seen = {}

    def look(self) -> None:
        """Note what is there; may block."""
        self._seen = look(self._paths)

    async def watch(self) -> None:
        """Look, again and again, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            found = await asyncio.to_thread(look, self._paths)
            if found != self._seen:
                self._seen = await self._rested(found)
                self._changed()

    async def _rested(self, found: _Seen) -> _Seen:
        """Return what is there once nothing moves."""
        loop = asyncio.get_running_loop()
        end = loop.time() + LONGEST_UNREST_SECONDS
        while loop.time() < end:
            await asyncio.sleep(REST_SECONDS)
            later = await asyncio.to_thread(look, self._paths)
            if later == found:
                break
            found = later
        return found


def look(paths: Sequence[Path]) -> _Seen:
    """Return the files with their state; a path that cannot be looked at has none."""
    seen: _Seen = {}
    for path in paths:
        try:
            with os.scandir(path) as entries:
                for entry in entries:
                    if is_manifest(entry.name):
                        seen[entry.path] = _state(entry.path)
        except NotADirectoryError:
            seen[str(path)] = _state(str(path))
        except OSError:
            seen[str(path)] = None
    return seen


def _state(path: str) -> _State | None:
    try:
        about = os.stat(path)
    except OSError:
        return None
    return about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns
