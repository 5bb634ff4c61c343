"""Messages pulled over a stream that is opened again whenever it ends."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Generic, TypeVar

from google.protobuf.message import Message as Protobuf

from .._wire.huge import LARGE_BYTES
from ..delivery import Accepted, Delivery, Outcome, Rejected, Unanswered
from ..errors import ComponentError
from ..transport import ClientStream, StatusError
from .backoff import Backoff
from .connection import Connection
from .intake import Intake
from .reopening import reopened
from .room import Room

logger: logging.Logger = logging.getLogger(__name__)

V = TypeVar("V")
P = TypeVar("P", bound=Protobuf)

#: How long the far end has to read the last answers when a stream is left.
LEAVE_SECONDS: Final = 0.5
#: How long after an answer a stream is not left: what the far end sends upon it should find the stream open,
#: since not every component takes back what it cannot send (daprd waits as long).
SETTLE_SECONDS: Final = 0.4
#: How many messages of one stream are with the application at a time; the rest waits in the component.
MESSAGES_IN_FLIGHT: Final = 256
#: How many bytes of one stream are; an application that does not answer costs the sidecar little more.
BYTES_IN_FLIGHT: Final = 32 * 1024 * 1024


@dataclass(slots=True, eq=False)
class _Session:
    """One stream, and what its answers need: they go out one at a time, and not after its end."""

    stream: ClientStream
    sending: asyncio.Lock = field(default_factory=asyncio.Lock)
    standing: bool = False
    answered: float = float("-inf")
    """When the last answer went out, by the loop's time."""
    reading: bool = False
    leaving: bool = False
    ended: bool = False


class Puller(Generic[P, V]):
    """
    What a subscription or an input binding runs until it is cancelled.

    ``opening`` is said first on every stream; ``unpack`` and ``pack`` know the block's messages.
    The data of a huge one is taken out of it before, and handed on beside it.
    """

    def __init__(
        self,
        connection: Connection,
        path: str,
        *,
        source: str,
        opening: Sequence[bytes],
        kind: type[P],
        unpack: Callable[[P, bytes | None], tuple[str, V]],
        pack: Callable[[str, Accepted | Rejected], bytes],
        deliver: Delivery[V],
        intake: Intake,
    ) -> None:
        self._connection = connection
        self._path = path
        self._source = f"{source} of {connection.name}"
        self._opening = opening
        self._kind = kind
        self._unpack = unpack
        self._pack = pack
        self._deliver = deliver
        self._intake = intake
        self._room = Room(MESSAGES_IN_FLIGHT, BYTES_IN_FLIGHT)
        self._backoff = Backoff()
        self._warned = False

    async def run(self) -> None:
        """Deliver until cancelled; then nothing more is taken, and who still has a message gives it up."""
        with self._intake.pulling():
            await self._pull()

    async def _pull(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            await reopened(self._connection, self._source, self._backoff, lambda: self._stream_ended(tasks))

    async def _stream_ended(self, tasks: asyncio.TaskGroup) -> str:
        """Run one stream to its end and return why it ended."""
        try:
            stream, life = await self._connection.stream(self._path)
        except ComponentError as error:
            return str(error)
        async with stream:
            session = _Session(stream)
            standing = tasks.create_task(self._stand(session))
            try:
                with contextlib.suppress(StatusError):  # a call that is refused at once says why in receive
                    for message in self._opening:
                        await stream.send(message)
                await self._received(session, tasks)
            except StatusError as status:
                return str(self._connection.stream_error(status, life))
            except ComponentError as error:
                return str(error)
            finally:
                session.ended = True
                standing.cancel()
        return "the component ended it, which it never should"

    async def _stand(self, session: _Session) -> None:
        """A server sends its headers when the subscription stands; not all do before the first message."""
        try:
            await session.stream.headers()
        except StatusError:
            return  # who receives learns it too
        if not session.ended:
            self._stands(session)

    def _stands(self, session: _Session) -> None:
        if not session.standing:
            session.standing = True
            self._deliver.ready()

    async def _received(self, session: _Session, tasks: asyncio.TaskGroup) -> None:
        """Receive to the end; when cancelled, leave so that the answers sent are read."""
        receiving = asyncio.create_task(self._receive(session, tasks))
        try:
            await asyncio.wait([receiving])
            receiving.result()
        except asyncio.CancelledError:
            await self._leave(session, receiving)
            raise
        finally:
            receiving.cancel()
            await asyncio.wait([receiving])

    async def _leave(self, session: _Session, receiving: asyncio.Task[bool]) -> None:
        """
        Say that no more answers come, and wait for the end.

        A cancellation would overtake the answers: the far end would throw away those that it has not read.
        """
        session.leaving = True
        settling = session.answered + SETTLE_SECONDS - asyncio.get_running_loop().time()
        if settling > 0:
            await asyncio.wait([receiving], timeout=settling)
        with contextlib.suppress(StatusError, TimeoutError):
            async with asyncio.timeout(LEAVE_SECONDS):
                async with session.sending:  # answers that are ready come first
                    session.ended = True
                    await session.stream.half_close()
                if not session.reading:  # whereas to cancel who reads would cancel the call
                    receiving.cancel()
                await asyncio.wait([receiving])
                if receiving.cancelled() or receiving.result():
                    while await session.stream.receive() is not None:
                        pass

    async def _receive(self, session: _Session, tasks: asyncio.TaskGroup) -> bool:
        """Take messages until the far end has sent its last, or this end leaves: whether more may come."""
        while True:
            await self._room.free()
            session.reading = True
            data = await session.stream.receive()
            session.reading = False
            if data is None:
                return False
            if session.leaving:
                return True
            if len(data) > LARGE_BYTES:
                message_id, message = await asyncio.to_thread(self._unpacked_huge, data)
            else:
                message_id, message = self._unpack(
                    self._connection.parsed(self._path, data, self._kind), None
                )
            await self._intake.resumed()
            self._stands(session)
            self._backoff.reset()
            self._check_id(message_id)
            self._intake.begin()
            size = len(data)
            self._room.take(size)
            handling = tasks.create_task(self._handle(session, message_id, message))
            handling.add_done_callback(partial(self._handled, size))

    def _unpacked_huge(self, data: bytes) -> tuple[str, V]:
        return self._unpack(*self._connection.parted(self._path, data, self._kind, "data"))

    def _check_id(self, message_id: str) -> None:
        if not message_id and not self._warned:
            self._warned = True
            logger.warning(
                "%s: messages have no id, so their answers cannot be told apart; they need one each",
                self._source,
            )

    async def _handle(self, session: _Session, message_id: str, message: V) -> None:
        outcome = await self._outcome(message)
        if not isinstance(outcome, Unanswered):
            await self._answer(session, message_id, outcome)

    def _handled(self, size: int, _: asyncio.Task[None]) -> None:
        self._intake.end()
        self._room.give(size)

    async def _outcome(self, message: V) -> Outcome:
        try:
            return await self._deliver(message)
        except Exception:  # one message must not end the subscription
            logger.exception("%s: a message could not be handled", self._source)
            return Rejected("the sidecar failed on the message; its log says why")

    async def _answer(self, session: _Session, message_id: str, outcome: Accepted | Rejected) -> None:
        """Answer on the stream that brought the message; once that has ended, the message comes again."""
        try:
            async with session.sending:
                if not session.ended:
                    await session.stream.send(self._pack(message_id, outcome))
                    session.answered = asyncio.get_running_loop().time()
                    return
        except StatusError:
            pass  # it ended just now
        self._intake.discarded += 1
        logger.debug("%s: the answer to %r came after its stream had ended", self._source, message_id)
