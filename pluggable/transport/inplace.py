"""
Coroutines that begin in place: most answer at once, and those cost no turn of the loop.

What a coroutine sees as its current task is a real one from its first line on. That task waits, parked, while
the coroutine runs in place, and takes it over where it first waits for something. Python 3.12 has eager tasks
for this; the tasks here are used again, and 3.11 has them too.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Coroutine
from typing import Any, Final

Work = Coroutine[Any, Any, None]

#: As many tasks are kept for the next coroutine; more at work at once are made and dropped.
_KEPT: Final = 64


class _Nothing:
    """Stands for no value, since a coroutine may yield ``None``."""


_NOTHING: Final = _Nothing()


class InPlace:
    """
    Begins coroutines, each in a copy of the context that this was made in; ``close`` ends its tasks.

    A coroutine deals with its own exceptions; one that it lets out is reported to the loop.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._context = contextvars.copy_context()
        self._kept: list[_Worker] = []
        self._closed = False

    def begin(self, work: Work) -> asyncio.Task[None] | None:
        """Run a coroutine until it waits; return the task that it goes on in, or ``None`` if it has ended."""
        worker = self._worker()
        if asyncio.current_task(self._loop) is not None:  # one task cannot begin inside another
            return worker.take(work)
        asyncio._enter_task(self._loop, worker.task)
        try:
            first = worker.context.run(work.send, None)
        except StopIteration:
            self.keep(worker)
            return None
        except BaseException as error:  # noqa: BLE001  as from a task, it must not reach who began it
            self.keep(worker)
            self.report(error)
            return None
        finally:
            asyncio._leave_task(self._loop, worker.task)
        return worker.take(work, first)

    def close(self) -> None:
        """End the tasks that are parked; those at work end when their coroutine does."""
        self._closed = True
        while self._kept:
            self._kept.pop().leave()

    def keep(self, worker: _Worker) -> bool:
        """Keep a task whose coroutine has ended, unless that left something behind in it."""
        clean = not worker.task.cancelling() and worker.context == self._context
        if clean and not self._closed and len(self._kept) < _KEPT:
            self._kept.append(worker)
            return True
        worker.leave()
        return False

    def report(self, error: BaseException) -> None:
        """Say of an exception that nobody dealt with it; those that end a program go on."""
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise error
        if not isinstance(error, asyncio.CancelledError):
            text = "a coroutine that was begun in place failed"
            self._loop.call_exception_handler({"message": text, "exception": error})

    def _worker(self) -> _Worker:
        while self._kept:
            worker = self._kept.pop()
            if worker.usable:
                return worker
        return _Worker(self, self._loop, self._context.run(contextvars.copy_context))


class _Worker(Coroutine[Any, Any, None]):
    """What a task runs: one coroutine after the other, each from where it first waited."""

    def __init__(self, owner: InPlace, loop: asyncio.AbstractEventLoop, context: contextvars.Context) -> None:
        self.context = context
        self._owner = owner
        self._loop = loop
        self._work: Work | None = None
        self._first: Any = _NOTHING
        self._parked: asyncio.Future[None] | None = None
        self._leaving = False
        self.task: asyncio.Task[None] = asyncio.Task(self, loop=loop, name="answering", context=context)

    @property
    def usable(self) -> bool:
        """Whether nobody has cancelled the task while it was parked."""
        parked = self._parked
        return not (self.task.cancelling() or self._leaving or (parked is not None and parked.done()))

    def take(self, work: Work, first: Any = _NOTHING) -> asyncio.Task[None]:
        """Have the task go on with a coroutine, which waits for what it yielded first."""
        self._work, self._first = work, first
        self._wake()
        return self.task

    def leave(self) -> None:
        """Have the task end."""
        self._leaving = True
        self._wake()

    def _wake(self) -> None:
        # a task that has not run yet has nothing to be woken from
        if self._parked is not None and not self._parked.done():
            self._parked.set_result(None)

    def send(self, _value: object) -> Any:
        """Go on: called by the task."""
        if self._work is None:
            return self._park()
        if self._first is not _NOTHING:
            first, self._first = self._first, _NOTHING
            return first
        return self._advance(self._work.send, None)

    def throw(self, kind: Any, value: Any = None, trace: Any = None) -> Any:  # noqa: ARG002  the old form is as well
        """Go on with an exception: called by the task."""
        error = kind if isinstance(kind, BaseException) else (value or kind())
        if self._work is None:
            raise error
        first, self._first = self._first, _NOTHING
        if isinstance(first, asyncio.Future) and first.cancel():
            return first  # as if the task had waited for it: it is told of the cancellation by what it awaits
        return self._advance(self._work.throw, error)

    def close(self) -> None:
        """Give the coroutine up."""
        if self._work is not None:
            self._work.close()

    def __await__(self) -> Any:
        raise TypeError("this is a task's own")

    def _advance(self, go_on: Callable[[Any], Any], value: object) -> Any:
        try:
            return go_on(value)
        except StopIteration:
            self._work = None
        except BaseException as error:
            self._work = None
            self._owner.report(error)
            if self.task.cancelling():
                self.leave()
                raise
        self._owner.keep(self)
        return self._park()

    def _park(self) -> asyncio.Future[None]:
        if self._leaving:
            raise StopIteration
        parked = self._parked = self._loop.create_future()
        parked._asyncio_future_blocking = True  # this is how a future is awaited by a task
        return parked
