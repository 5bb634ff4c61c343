"""A stream by which a component's source tells what it has, until either end has had enough."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Coroutine
from typing import Any, Final

from ..transport import Code, ServerStream, StatusError
from .instances import Instance

#: How long a source may take to stop when its stream has ended.
STOP_SECONDS: Final = 10.0

logger: logging.Logger = logging.getLogger(__name__)


class StreamSource:
    """Runs a source on one stream; what it tells the far end, a subclass knows."""

    def __init__(self, stream: ServerStream, instance: Instance[Any]) -> None:
        self._stream = stream
        self._instance = instance
        self._writing = asyncio.Lock()
        self._begun = False
        self._beginning: asyncio.Task[None] | None = None
        self._over = asyncio.Event()

    def ready(self) -> None:
        """Send the headers, by which the far end knows that the subscription stands."""
        if self._beginning is None and not self._begun:
            self._beginning = asyncio.create_task(self._begin())

    async def _run(self, source: Coroutine[Any, Any, None], *others: Coroutine[Any, Any, None]) -> None:
        """
        Let the source tell until it, one of the others or the instance ends; then stop the source.

        Raises:
            Exception: what the source raised, or one of the others.
            StatusError: the instance is ending.
        """
        tasks = [asyncio.create_task(each) for each in (source, *others, self._instance_ends())]
        done: set[asyncio.Task[None]] = set()
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await undisturbed(self._stop(tasks, done))
        for error in [task.exception() for task in done if not task.cancelled()]:
            if error is not None:
                raise error
        if tasks[0] in done:
            logger.warning("%s: a source ended by itself, and its stream with it", self._instance.label)

    async def _begin(self) -> None:
        async with self._writing:
            if not self._begun:
                self._begun = True
                with contextlib.suppress(StatusError):  # the call has ended: run learns it too
                    await self._stream.send_headers()

    async def _send(self, message: bytes) -> None:
        async with self._writing:
            if self._over.is_set():
                return
            self._begun = True
            # the call may have ended: run learns it too
            with contextlib.suppress(StatusError):
                await self._stream.send(message)

    async def _instance_ends(self) -> None:
        await self._instance.ending.wait()
        raise StatusError(Code.UNAVAILABLE, f"{self._instance.label} has ended; open the stream again")

    def _give_up(self) -> None:
        """Tell who waits for the far end that it is in vain."""

    async def _stop(self, tasks: list[asyncio.Task[None]], done: set[asyncio.Task[None]]) -> None:
        """Give up what is waited for, and wait for the source to stop."""
        self._over.set()
        self._give_up()
        await asyncio.sleep(0)  # who waited learns it, before the source is cancelled
        for task in tasks:
            task.cancel()
        # headers that are half sent are not cancelled: the status would not follow them
        running = [*tasks, self._beginning] if self._beginning is not None else tasks
        ended, late = await asyncio.wait(running, timeout=STOP_SECONDS)
        for task in ended - done:
            if not task.cancelled() and (error := task.exception()) is not None:
                logger.warning("%s: a stream's end met %r", self._instance.label, error)
        if late:
            logger.error(
                "%s: the source of a stream goes on %g s after it was cancelled; it is left alone",
                self._instance.label,
                STOP_SECONDS,
            )


async def undisturbed(work: Coroutine[Any, Any, None]) -> None:
    """Await what has to be finished even if who waits for it is cancelled, which counts when it is over."""
    task = asyncio.create_task(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            cancelled = error
    task.result()
    if cancelled is not None:
        raise cancelled
