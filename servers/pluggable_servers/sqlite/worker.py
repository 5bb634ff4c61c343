"""A thread that works off whatever has come in since it last looked: one crossing for many requests."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Any, Final, Generic, TypeVar

from pluggable.errors import ComponentError, TimedOutError, UnavailableError

logger = logging.getLogger(__name__)

T = TypeVar("T")

#: So many requests go to the thread at once; more would only make the first wait for the last.
LARGEST_BATCH: Final = 512
#: How long closing waits for the thread, in seconds; one that hangs in the disk is left behind.
_PATIENCE: Final = 5.0

Batch = Sequence[T]
Results = Sequence[Any]


class Worker(Generic[T]):
    """
    Hands what is submitted on the event loop to ``work`` in a thread of its own, a batch at a time.

    ``work`` returns for each request its result, or the exception that its caller shall get.
    """

    def __init__(self, name: str, work: Callable[[Batch[T]], Results], timeout: float) -> None:
        self._name = name
        self._work = work
        self._timeout = timeout
        self._loop = asyncio.get_running_loop()
        self._waiting: list[tuple[T, asyncio.Future[Any]]] = []
        self._running: list[tuple[T, asyncio.Future[Any]]] | None = None
        self._flushing = False
        self._late = False
        self._closed = False
        self._timer: asyncio.TimerHandle | None = None
        self._idle: asyncio.Future[None] | None = None
        self._batches: SimpleQueue[list[T] | None] = SimpleQueue()
        # A daemon: a thread that hangs in the disk must not hold up the end of the process.
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def idle(self) -> bool:
        """Whether nothing is being done, or about to be."""
        return self._running is None and not self._waiting

    def submit(self, request: T) -> asyncio.Future[Any]:
        """
        Return what will have the result.

        Raises:
            UnavailableError: the thread has not answered for longer than the timeout, or it is closed.
        """
        if self._late or self._closed:
            raise UnavailableError(
                f"{self._name} is closed"
                if self._closed
                else f"{self._name} has not answered for {self._timeout:g} s; is its disk hanging?"
            )
        future: asyncio.Future[Any] = self._loop.create_future()
        self._waiting.append((request, future))
        if self._running is None and not self._flushing:
            # Not at once: what else becomes ready in this turn of the loop goes along.
            self._flushing = True
            self._loop.call_soon(self._flush)
        return future

    async def close(self) -> None:
        """Finish what was submitted and end the thread."""
        self._closed = True
        if not self.idle and not self._late:
            self._idle = self._loop.create_future()
            await self._idle
        self._batches.put(None)
        await asyncio.to_thread(self._thread.join, _PATIENCE)

    def _flush(self) -> None:
        self._flushing = False
        if self._running is not None or not self._waiting:
            return
        self._running = self._waiting[:LARGEST_BATCH]
        del self._waiting[:LARGEST_BATCH]
        self._timer = self._loop.call_later(self._timeout, self._time_out)
        self._batches.put([request for request, _ in self._running])

    def _done(self, results: Results) -> None:
        running, self._running = self._running or [], None
        self._late = False
        if self._timer is not None:
            self._timer.cancel()
        for (_, future), result in zip(running, results, strict=True):
            if future.done():
                continue
            if isinstance(result, BaseException):
                future.set_exception(result)
            else:
                future.set_result(result)
        self._flush()
        self._tell_idle()

    def _time_out(self) -> None:
        """Fail everything that waits: the thread hangs. When it comes back, it is used again."""
        self._late = True
        text = f"{self._name} gave no answer within {self._timeout:g} s; the request may have taken effect"
        waiting, self._waiting = self._waiting, []
        for _, future in [*(self._running or ()), *waiting]:
            if not future.done():
                future.set_exception(TimedOutError(text))
        self._tell_idle()

    def _tell_idle(self) -> None:
        if self._idle is None or self._idle.done():
            return
        if self._late or self.idle:
            self._idle.set_result(None)

    def _run(self) -> None:
        while (batch := self._batches.get()) is not None:
            try:
                results = self._work(batch)
            except Exception as error:
                logger.exception("%s failed", self._name)
                results = [ComponentError(f"{self._name} failed: {error!r}") for _ in batch]
            try:
                self._loop.call_soon_threadsafe(self._done, results)
            except RuntimeError:
                return  # The loop is closed: nobody waits any more.
