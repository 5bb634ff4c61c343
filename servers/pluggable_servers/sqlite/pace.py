"""Whether a database answers quickly enough for the event loop to wait for it."""

from __future__ import annotations

import time
from typing import Final

#: A read that takes longer, in seconds, waited for a disk; less is what other processes take from this one.
QUICK_SECONDS: Final = 0.01
#: After a slow one the loop does not try for so many times as long, so a sixth of its time is at stake.
PAUSES: Final = 5
#: How long a quick one is good for, in seconds.
MEMORY_SECONDS: Final = 1.0


class Pace:
    """
    Judges by the last reads, in whatever thread.

    After a pause nobody knows: the disk may hang by now, and that is for a thread to find out.
    """

    def __init__(self) -> None:
        self._good_until = 0.0
        self._bad_until = 0.0

    def is_quick(self) -> bool:
        """Return whether there was a quick read, and no slow one a moment ago."""
        return self._bad_until < time.monotonic() < self._good_until

    def took(self, began: float) -> None:
        """Note a read that began then and ends now, by the monotonic clock."""
        ended = time.monotonic()
        if (seconds := ended - began) < QUICK_SECONDS:
            self._good_until = ended + MEMORY_SECONDS
        else:
            self._bad_until = ended + PAUSES * seconds
