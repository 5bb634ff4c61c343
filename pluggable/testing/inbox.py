"""Where messages and events arrive in a test."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Final, Generic, TypeVar

from ..bindings import Event, InputBinding
from ..delivery import Accepted, Delivery, Outcome
from ..errors import TimedOutError, UnavailableError
from ..pubsub import Message, PubSub, Topic

M = TypeVar("M")

#: How long a message, or a subscription, is waited for unless told otherwise.
WAIT_SECONDS: Final = 5.0
_ACCEPTED: Final = Accepted()


class Inbox(Delivery[M], Generic[M]):
    """
    Takes what is delivered, keeps it for the test, and answers as ``answer`` says at that moment.

    ``subscribed`` and ``reading`` give one that is in use.
    """

    def __init__(self, answer: Outcome | None = _ACCEPTED) -> None:
        self.answer: Outcome | None = answer
        """What messages that come from now on are answered; ``None`` says nothing, ever."""
        self._messages: deque[M] = deque()
        self._standing = False
        self._failure: BaseException | None = None
        self._news = asyncio.Event()

    async def __call__(self, message: M) -> Outcome:
        answer = self.answer
        self._messages.append(message)
        self._standing = True
        self._news.set()
        if answer is None:
            await asyncio.Event().wait()  # until who delivers gives it up
            raise AssertionError("nobody can come here")
        return answer

    def ready(self) -> None:
        """Note that the subscription stands; the source calls it, not the test."""
        self._standing = True
        self._news.set()

    async def next(self, seconds: float = WAIT_SECONDS) -> M:
        """
        Return the next message in the order in which they came; it may be there already.

        Raises:
            TimedOutError: none came in so many seconds.
            UnavailableError: none can come: the source ended, which it never should.
        """
        await self._until(lambda: bool(self._messages), seconds, "nothing was delivered")
        return self._messages.popleft()

    async def stays_empty(self, seconds: float) -> bool:
        """Return whether nothing is here that ``next`` would give, and nothing comes for so many seconds."""
        try:
            await self._until(lambda: bool(self._messages), seconds, "nothing was delivered")
        except TimedOutError:
            return True
        return False

    async def stands(self, seconds: float = WAIT_SECONDS) -> None:
        """
        Wait until messages published from now on will be seen; asked once more, until they are again.

        Raises:
            TimedOutError: the source neither called ``deliver.ready()`` nor delivered anything.
            UnavailableError: the source ended, which it never should.
        """
        await self._until(
            lambda: self._standing,
            seconds,
            "no subscription stood, which deliver.ready() or a first message tells,",
        )
        self._standing = False

    async def _until(self, holds: Callable[[], bool], seconds: float, fault: str) -> None:
        try:
            async with asyncio.timeout(seconds):
                while not holds():
                    if self._failure is not None:
                        raise self._failure
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError as error:
            raise TimedOutError(f"{fault} within {seconds:g} s") from error

    def _source_ended(self, source: asyncio.Task[None]) -> None:
        if not source.cancelled():
            self._failure = source.exception() or UnavailableError(
                "the source ended by itself; it must go on until it is cancelled: a daprd opens no second"
            )
            self._news.set()


@asynccontextmanager
async def subscribed(
    broker: PubSub, topic: str | Topic, *, answer: Outcome | None = _ACCEPTED
) -> AsyncIterator[Inbox[Message]]:
    """
    Subscribe to a topic as long as the ``async with`` lasts; when it begins, the subscription stands.

    Raises:
        TimedOutError: the broker neither called ``deliver.ready()`` nor delivered anything.
    """
    inbox: Inbox[Message] = Inbox(answer)
    topic = Topic(name=topic) if isinstance(topic, str) else topic
    async with _running(broker.subscribe(topic, inbox), inbox):
        await inbox.stands()
        yield inbox


@asynccontextmanager
async def reading(
    binding: InputBinding, *, answer: Outcome | None = _ACCEPTED
) -> AsyncIterator[Inbox[Event]]:
    """Read a binding's events as long as the ``async with`` lasts."""
    inbox: Inbox[Event] = Inbox(answer)
    async with _running(binding.read(inbox), inbox):
        yield inbox


@asynccontextmanager
async def _running(source: Coroutine[Any, Any, None], inbox: Inbox[Any]) -> AsyncIterator[None]:
    """Run a source, and take its end as the inbox's; at the end it is cancelled."""
    task = asyncio.create_task(source)
    task.add_done_callback(inbox._source_ended)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
