"""Work that grows with its input, kept away from the loop where the input is large."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

#: Texts longer than this are read and written in a thread, so that health still answers meanwhile.
LARGE_BYTES: Final = 256 * 1024


async def apart(size: int, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call the function here, or in a thread if so many bytes would hold the loop."""
    if size <= LARGE_BYTES:
        return function(*args, **kwargs)
    return await asyncio.to_thread(function, *args, **kwargs)
