"""How often Python looks for objects that hold each other: requests leave hardly any."""

from __future__ import annotations

import gc
from typing import Final

#: So many objects more than were dropped begin a collection; then of how many collections one goes further.
THRESHOLDS: Final = (10_000, 50, 100)


def settle() -> None:
    """Leave alone what has been loaded by now, which stays, and look at the rest less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
