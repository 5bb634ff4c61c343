"""A worker whose parsers fail, each in its own way, run as the real one: that it is noticed is tested."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Final

from tests.fuzz.parsers.targets import Target
from tests.fuzz.parsers.worker import Notes, work

#: What each fails at.
BAD: Final = b"bad"
_KEPT: Final[list[bytes]] = []


def raising() -> None:
    raise KeyError("planted")


def looping() -> None:
    while True:
        pass


def keeping() -> None:
    _KEPT.append(os.urandom(1024 * 1024))


WAYS: Final = {"crash": raising, "death": os.abort, "hang": looping, "growth": keeping}


def failing(way: Callable[[], None]) -> Target:
    """Return a target that fails in this way at what is bad."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[Callable[[Sequence[bytes]], Awaitable[None]]]:
        async def feed(pieces: Sequence[bytes]) -> None:
            if b"".join(pieces) == BAD:
                way()

        yield feed

    return Target(open=opened, mutate=lambda random, _: BAD if random.random() < 0.1 else b"good")


def main() -> None:
    """Work as the real one does."""
    name, seconds, seed, notes = sys.argv[1:]
    working = work(failing(WAYS[name]), [b"good"], Random(seed), float(seconds), Notes(Path(notes)))
    print(json.dumps(asyncio.run(working)))  # noqa: T201  as the real one does


if __name__ == "__main__":
    main()
