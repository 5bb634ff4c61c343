"""
Work that grows with its input, kept away from the loop where the input is large.

A thread keeps the loop free of Python's own steps, but one call of a library in C, as a JSON decoder is,
holds all threads until it returns. So what is huge goes to a process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

#: Texts longer than this are read and written in a thread, so that health still answers meanwhile.
LARGE_BYTES: Final = 256 * 1024
#: Texts longer than this take a decoder so long that a thread does not help.
HUGE_BYTES: Final = 4 * 1024 * 1024


async def apart(size: int, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call the function here, or in a thread if so many bytes would hold the loop."""
    if size <= LARGE_BYTES:
        return function(*args, **kwargs)
    return await asyncio.to_thread(function, *args, **kwargs)


async def far_apart(size: int, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """
    Call the function here, in a thread, or in a process of its own if so many bytes hold threads too.

    The function must be a module's, its arguments and its result values that can be pickled. What it raises
    is raised here, without what that was raised from.
    """
    if size <= HUGE_BYTES:
        return await apart(size, function, *args, **kwargs)
    from .process import call  # who sees nothing huge does without

    return await call(function, args, kwargs)
