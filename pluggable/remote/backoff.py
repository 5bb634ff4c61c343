"""How long to wait before the next try."""

from __future__ import annotations

from typing import Final

FIRST_SECONDS: Final = 0.1
LAST_SECONDS: Final = 5.0


class Backoff:
    """Delays that double from try to try, until one succeeds."""

    def __init__(self) -> None:
        self._next = FIRST_SECONDS

    def delay(self) -> float:
        """Return the seconds to wait now; the next time it is twice as many."""
        seconds, self._next = self._next, min(self._next * 2, LAST_SECONDS)
        return seconds

    def reset(self) -> None:
        """Begin again with the shortest: something succeeded."""
        self._next = FIRST_SECONDS
