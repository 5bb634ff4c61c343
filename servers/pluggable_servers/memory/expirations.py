"""Which keys expire when, and a timer that removes them."""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Callable
from typing import Final

#: A timer is not set for less: keys that expire close together go in one sweep.
SHORTEST_WAIT: Final = 1.0
#: So many outdated entries are tolerated before they are dropped from the heap.
_SLACK: Final = 64


class Expirations:
    """Calls ``remove`` for each key some time after its moment; until then its owner looks at the clock."""

    def __init__(self, remove: Callable[[str], None]) -> None:
        self._remove = remove
        self._moments: dict[str, float] = {}
        self._heap: list[tuple[float, str]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._next = 0.0

    def add(self, key: str, moment: float) -> None:
        """Let the key expire at this Unix time; an earlier word about it is forgotten."""
        self._moments[key] = moment
        heapq.heappush(self._heap, (moment, key))
        # A key written again and again leaves its old moments behind.
        if len(self._heap) > 2 * len(self._moments) + _SLACK:
            self._heap = [(when, name) for name, when in self._moments.items()]
            heapq.heapify(self._heap)
        if self._timer is None or self._heap[0][0] < self._next:
            self._wait()

    def discard(self, key: str) -> None:
        """Let the key live, or forget it."""
        if self._moments:
            self._moments.pop(key, None)

    def close(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._moments.clear()
        self._heap.clear()

    def _wait(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._next = self._heap[0][0]
        delay = max(SHORTEST_WAIT, self._next - time.time())
        self._timer = asyncio.get_running_loop().call_later(delay, self._sweep)

    def _sweep(self) -> None:
        self._timer = None
        now = time.time()
        while self._heap and self._heap[0][0] <= now:
            moment, key = heapq.heappop(self._heap)
            if self._moments.get(key) == moment:
                del self._moments[key]
                self._remove(key)
        if self._heap:
            self._wait()
