"""Watching the source, and putting one process in the place of the other."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final, Never

from .generation import Command, Generation
from .sources import Look, changed, look

#: How often the files are looked at. Editors write in steps: a change counts when two looks are alike.
LOOK_SECONDS: Final = 0.1
#: So many files are named one by one.
_NAMED: Final = 5


class Restarting:
    """
    Keeps a component served by its source as it is.

    The next process loads the changed source while the one before still serves, and takes its place when that
    has succeeded. Source that cannot be loaded changes nothing but what is said.
    """

    def __init__(self, command: Command, types: Sequence[str], say: Callable[[str], None]) -> None:
        self.serving: asyncio.Event = asyncio.Event()
        """Set when the component is served for the first time."""
        self._command = command
        self._types = types
        self._say = say
        self._current: Generation | None = None
        self._stack = AsyncExitStack()
        self._files: frozenset[Path] = frozenset()
        self._failed = False

    async def run(self) -> Never:
        """Serve, and start again at every change, until cancelled; then the component has ended."""
        seen: dict[Path, Look] = {}
        news = ""
        try:
            while True:
                seen = await self._renew(news, seen)
                news = f"{_named(await self._changes(seen))} changed: "
        finally:
            await self._stack.aclose()

    async def _renew(self, news: str, seen: Mapping[Path, Look]) -> dict[Path, Look]:
        """Put a new process in the place of the one that serves, and return what its files were for it."""
        began, before, clock = time.monotonic(), look(seen), time.time_ns()
        async with AsyncExitStack() as stack:
            fresh = await stack.enter_async_context(Generation(self._command, self._say))
            sockets: Mapping[str, str] = {}
            if await fresh.loaded():
                await self._stack.aclose()  # makes room, now that its successor will serve
                self._current = None
                sockets = await fresh.serve()
            self._failed = not sockets
            if sockets:
                self._current, self._stack = fresh, stack.pop_all()
                self._welcome(sockets, news, time.monotonic() - began)
            else:
                self._explain(fresh.error, news)
        self._files = frozenset(fresh.files) | (self._files if self._failed else frozenset())
        # What was written while it was loaded may have come too late for it.
        loaded = {
            path: (0, 0) if found[0] >= clock else found for path, found in look(self._watched()).items()
        }
        return loaded | {path: before[path] for path in before.keys() & loaded.keys()}

    async def _changes(self, seen: dict[Path, Look]) -> list[Path]:
        """Wait until files are other than they were seen, and at rest, and return them."""
        ending = asyncio.create_task(self._tell_end(self._current)) if self._current else None
        try:
            now = seen
            while True:
                await asyncio.sleep(LOOK_SECONDS)
                before, now = now, look(self._watched())
                if now == before and (found := changed(seen, now)):
                    return found
        finally:
            if ending is not None:
                ending.cancel()
                await asyncio.gather(ending, return_exceptions=True)

    def _watched(self) -> set[Path]:
        """Return the files to look at; after a failure also those beside them, for one may be missing."""
        if not self._failed:
            return set(self._files)
        folders = {path.parent for path in self._files} or {Path.cwd()}
        return {*self._files} | {path for folder in folders for path in folder.glob("*.py")}

    async def _tell_end(self, current: Generation) -> None:
        how = await current.ended()
        self._say(f"the component is not served any more: {how}; it is started again when its source changes")

    def _welcome(self, sockets: Mapping[str, str], news: str, seconds: float) -> None:
        if self.serving.is_set():
            self._say(f"{news}serving again after {seconds:.2f} s")
            return
        for name, path in sockets.items():
            types = [type_ for type_ in self._types if type_.partition(".")[2] == name]
            self._say(f"serving {', '.join(types)} on {path}")
        self.serving.set()

    def _explain(self, error: str, news: str) -> None:
        goes_on = (
            "the component as it was goes on" if self._current else "it is tried again when that changes"
        )
        self._say(f"{news}the source cannot be served, {goes_on}:\n{error}")


def _named(files: Iterable[Path]) -> str:
    names = [
        str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path) for path in files
    ]
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
