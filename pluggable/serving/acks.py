"""Messages on a stream, and the answers to them."""

from __future__ import annotations

import asyncio
import itertools
import logging
import secrets
from collections.abc import Callable, Coroutine
from typing import Any, Final, Generic, Protocol, TypeVar

from ..delivery import Accepted, Delivery, Outcome, Rejected, Unanswered
from ..transport import ServerStream
from .calls import Response
from .instances import Instance
from .sources import StreamSource

#: How many messages of a stream may be unanswered at a time. A daprd handles one after another, and what it
#: has not read yet waits in its buffers, where its time already counts.
IN_FLIGHT: Final = 100

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


class StreamDelivery(StreamSource, Delivery[M], Generic[M]):
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
        super().__init__(stream, instance)
        self.strays: int = 0
        self._pack = pack
        self._room = asyncio.Semaphore(in_flight)
        self._limit_bytes = limit_bytes
        self._word = secrets.token_hex(4)
        self._numbers = itertools.count()
        self._pending: dict[str, asyncio.Future[Outcome]] = {}

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

    async def run(self, source: Coroutine[Any, Any, None], answer: Callable[[bytes], Answer | None]) -> None:
        """
        Let the source deliver until either end, or the instance, has had enough; then stop the source.

        Raises:
            Exception: what the source raised.
            StatusError: the instance is ending.
        """
        try:
            await self._run(source, self._take_answers(answer))
        finally:
            if self.strays:
                logger.info(
                    "%s: %d answers belonged to no message in flight", self._instance.label, self.strays
                )

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

    def _give_up(self) -> None:
        for waiting in self._pending.values():
            if not waiting.done():
                waiting.set_result(Unanswered())
