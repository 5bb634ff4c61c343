"""Time limits of many connections, looked at together: most end before anybody looks."""

from __future__ import annotations

import asyncio
from typing import Final, Protocol

#: How often is looked; a limit is so much longer at most.
LOOK_SECONDS: Final = 1.0


class Slow(Protocol):
    """What can take too long."""

    def expired(self) -> None:
        """Deal with it."""


class Watch:
    """Tells those whose time is over; while nobody has a limit, it does nothing."""

    def __init__(self) -> None:
        self._until: dict[Slow, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def expect(self, slow: Slow, seconds: float) -> None:
        """Tell of the end of so many seconds, unless they are begun anew or taken back."""
        loop = asyncio.get_running_loop()
        self._until[slow] = loop.time() + seconds
        if self._timer is None:
            self._timer = loop.call_later(LOOK_SECONDS, self._look)

    def relax(self, slow: Slow) -> None:
        """Take a limit back."""
        self._until.pop(slow, None)

    def close(self) -> None:
        """Look no more."""
        self._until.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = None
        now = loop.time()
        for slow in [slow for slow, until in self._until.items() if until <= now]:
            del self._until[slow]
            slow.expired()
        if self._until and self._timer is None:
            self._timer = loop.call_later(LOOK_SECONDS, self._look)
