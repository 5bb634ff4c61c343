"""Messages on a stream, and the answers to them."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import secrets
from collections.abc import Callable, Coroutine
from typing import Any, Final, Generic, Protocol, TypeVar

from ..delivery import Accepted, Delivery, Outcome, Rejected, Unanswered
from ..transport import Code, ServerStream, StatusError
from .calls import Response
from .instances import Instance

#: How many messages of a stream may be unanswered at a time. A daprd handles one after another, and what it
#: has not read yet waits in its buffers, where its time already counts.
IN_FLIGHT: Final = 100
#: How long a source may take to stop when its stream has ended.
STOP_SECONDS: Final = 10.0

M = TypeVar("M")

logger: logging.Logger = logging.getLogger(__name__)


class Answer(Protocol):
    """What the far end says of a message."""

    @property
    def message_id(self) -> str:
        """The id under which the message was sent."""

    @property
    def outcome(self) -> Accepted | Rejected:
        """What became of it."""


class StreamDelivery(Delivery[M], Generic[M]):
    """
    Delivers on one stream.

    An answer belongs to the stream that carried its message: ids begin with a random word, and what does not
    fit is counted in ``strays`` and does nothing. A message that the far end could not take, and that would
    cost it the whole stream, is rejected here.
    """

    def __init__(
        self,
        stream: ServerStream,
        instance: Instance[Any],
        pack: Callable[[str, M], Response],
        *,
        in_flight: int = IN_FLIGHT,
        limit_bytes: int | None = None,
    ) -> None:
        self.strays: int = 0
        self._stream = stream
        self._instance = instance
        self._pack = pack
        self._room = asyncio.Semaphore(in_flight)
        self._limit_bytes = limit_bytes
        self._word = secrets.token_hex(4)
        self._numbers = itertools.count()
        self._pending: dict[str, asyncio.Future[Outcome]] = {}
        self._writing = asyncio.Lock()
        self._begun = False
        self._beginning: asyncio.Task[None] | None = None
        self._over = asyncio.Event()

    async def __call__(self, message: M) -> Outcome:
        async with self._room:
            if self._instance.paused:
                await self._over.wait()
            if self._over.is_set():
                await asyncio.sleep(0)  # who delivers again and again would not let itself be cancelled
                return Unanswered()
            id_ = f"{self._word}-{next(self._numbers)}"
            data = self._pack(id_, message).SerializeToString()
            if self._limit_bytes is not None and len(data) > self._limit_bytes:
                return self._too_large(len(data), self._limit_bytes)
            answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
            self._pending[id_] = answer
            try:
                await self._send(data)
                return await answer
            finally:
                del self._pending[id_]

    def ready(self) -> None:
        if self._beginning is None and not self._begun:
            self._beginning = asyncio.create_task(self._begin())

    async def run(self, source: Coroutine[Any, Any, None], answer: Callable[[bytes], Answer | None]) -> None:
        """
        Let the source deliver until either end, or the instance, has had enough; then stop the source.

        Raises:
            Exception: what the source raised.
            StatusError: the instance is ending.
        """
        tasks = [
            asyncio.create_task(source),
            asyncio.create_task(self._take_answers(answer)),
            asyncio.create_task(self._instance_ends()),
        ]
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
            # the call may have ended: the answer is Unanswered then, as for all that are pending
            with contextlib.suppress(StatusError):
                await self._stream.send(message)

    def _too_large(self, size: int, limit: int) -> Rejected:
        reason = f"the message has {size} bytes, at most {limit} can be received"
        logger.error("%s: a message is rejected: %s", self._instance.label, reason)
        return Rejected(reason)

    async def _take_answers(self, answer: Callable[[bytes], Answer | None]) -> None:
        """Hand each answer to who waits for it, until the far end has said its last."""
        while (data := await self._stream.receive()) is not None:
            if (said := answer(data)) is None:
                continue
            waiting = self._pending.get(said.message_id)
            if waiting is None or waiting.done():
                self.strays += 1
            else:
                waiting.set_result(said.outcome)

    async def _instance_ends(self) -> None:
        await self._instance.ending.wait()
        raise StatusError(Code.UNAVAILABLE, f"{self._instance.label} has ended; open the stream again")

    async def _stop(self, tasks: list[asyncio.Task[None]], done: set[asyncio.Task[None]]) -> None:
        """Give all pending messages up, and wait for the source to stop."""
        self._over.set()
        for waiting in self._pending.values():
            if not waiting.done():
                waiting.set_result(Unanswered())
        await asyncio.sleep(0)  # who waited learns it, before the source is cancelled
        running = [*tasks, self._beginning] if self._beginning is not None else tasks
        for task in running:
            task.cancel()
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
        if self.strays:
            logger.info("%s: %d answers belonged to no message in flight", self._instance.label, self.strays)


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
