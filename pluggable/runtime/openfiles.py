"""How many files, and so connections, a sidecar may have open."""

from __future__ import annotations

import logging
import resource
from typing import Final

#: More are never asked for: some systems name a limit that they do not mean.
MOST: Final = 1024 * 1024

logger: logging.Logger = logging.getLogger(__name__)


def allow_many() -> int:
    """Raise this process's own limit as far as it may, as Go's runtime does, and return what it is now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST if hard == resource.RLIM_INFINITY else min(hard, MOST)
    if soft == resource.RLIM_INFINITY or soft >= most:
        return soft
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    except (ValueError, OSError) as error:  # macOS refuses what is more than its kernel has
        logger.debug("the limit of open files stays at %d: %s", soft, error)
        return soft
    return most
