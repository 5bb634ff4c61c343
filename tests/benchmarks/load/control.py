"""
What every load generator does for its benchmark: it warms up, waits to be told, works, and tells.

It writes ``ready``, reads a line, works as long as that says in seconds, writes its figures as a line of
JSON, and, when what was stored last has been read again, ``checked``. A wrong answer ends it.
"""

from __future__ import annotations

import json
import sys
import time
from array import array
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass

#: Work that does not count, so that connections, caches and buffers are there.
WARM_UP_SECONDS = 0.3


class WrongAnswerError(Exception):
    """An answer is not what was stored; the text has both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What one piece of work was."""

    requests: int
    failed: int
    """Of these, how many were refused as the server's own fault."""
    seconds: float
    p50_ms: float
    p99_ms: float


class Watch:
    """The latencies of the requests of one piece of work, and whether its time is over."""

    def __init__(self, seconds: float) -> None:
        self._began = time.perf_counter()
        self._until = self._began + seconds
        self._latencies = array("d")
        self.failed = 0

    def took(self, began: float) -> float:
        """Take note of a request that began then and has just ended; return the time."""
        now = time.perf_counter()
        self._latencies.append(now - began)
        return now

    def over(self, now: float) -> bool:
        """Return whether no further request is to begin."""
        return now >= self._until

    def figures(self) -> Figures:
        """Return what there was to see."""
        elapsed = time.perf_counter() - self._began
        ordered = sorted(self._latencies)
        return Figures(
            requests=len(ordered),
            failed=self.failed,
            seconds=elapsed,
            p50_ms=round(ordered[len(ordered) // 2] * 1000, 3),
            p99_ms=round(ordered[len(ordered) * 99 // 100] * 1000, 3),
        )


async def controlled(work: Callable[[Watch], Awaitable[None]], check: Callable[[], Awaitable[None]]) -> None:
    """Work as told, until the input ends, and check after each piece that what was stored is there."""
    await work(Watch(WARM_UP_SECONDS))
    print("ready", flush=True)  # noqa: T201  this is how the benchmark learns of it
    for line in sys.stdin:
        watch = Watch(float(line))
        await work(watch)
        print(json.dumps(asdict(watch.figures())), flush=True)  # noqa: T201  as above
        await check()
        print("checked", flush=True)  # noqa: T201  as above
