"""How handlers begin: in place where that is safe, in tasks of their own where it is not."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from ....transport.inplace import InPlace

Work = Coroutine[Any, Any, None]


class Starting(Protocol):
    """Begins what answers a request."""

    def begin(self, work: Work, over: Callable[[], None]) -> asyncio.Task[None] | None:
        """
        Begin a coroutine; return the task that it goes on in, or ``None`` if it has ended.

        Its last act is to call ``over``, which may be called again, and is where it was cancelled too early.
        """

    def close(self) -> None:
        """Begin no more."""


def starting() -> Starting:
    """Return the quickest way that works here; a loop is running."""
    return InTasks() if "grpc" in sys.modules else AtOnce()


class AtOnce:
    """Runs a coroutine up to where it first waits."""

    def __init__(self) -> None:
        self._in_place = InPlace()

    def begin(self, work: Work, over: Callable[[], None]) -> asyncio.Task[None] | None:  # noqa: ARG002  work calls it
        """Begin here and now."""
        return self._in_place.begin(work)

    def close(self) -> None:
        """End the tasks that wait for work."""
        self._in_place.close()


class InTasks:
    """
    Makes a task for each coroutine.

    grpcio's calls need it: one in a thousand that was begun in place was not woken by its answer.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()

    def begin(self, work: Work, over: Callable[[], None]) -> asyncio.Task[None]:
        """Begin in the next turn of the loop."""
        task = self._loop.create_task(work)
        task.add_done_callback(lambda _: over())
        return task

    def close(self) -> None:
        """Leave tasks to those who began them."""
