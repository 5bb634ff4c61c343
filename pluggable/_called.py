"""What a process is doing, and for which component: known to every line that is logged meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final


@dataclass(slots=True, eq=False)
class Called:
    """
    A call of a component, or anything else that is done with it.

    A task that a component starts inherits what was called then. One that an Init or a stream started
    outlives it, and ``over`` says so.
    """

    component: str
    """Its type, such as ``state.redis``."""
    instance: str
    """Its name in the sidecar's YAML."""
    path: str
    """``/package.Service/Method``, or a word for what is no call: ``close``."""
    over: bool = False

    @property
    def method(self) -> str:
        """The method alone; empty when the call is over."""
        return "" if self.over else self.path.rpartition("/")[2]


#: Set for each call and stream, of which nothing is formatted until somebody logs.
CALLED: Final[ContextVar[Called | None]] = ContextVar("pluggable called", default=None)


@contextmanager
def during(called: Called) -> Iterator[None]:
    """Say what is being done, until it is over."""
    token = CALLED.set(called)
    try:
        yield
    finally:
        called.over = True
        CALLED.reset(token)
