"""Components as tests use them: here, or at the far end of a socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Final

from pluggable import Delivery, Metadata, PubSub, StateStore
from pluggable.delivery import Accepted, Outcome
from pluggable.pubsub import Message, Topic
from pluggable.testing import connected
from tests.backends.redis import Redis

PLACES: Final = ("here", "over a socket")


@asynccontextmanager
async def state_store(
    kind: type[StateStore], properties: Mapping[str, str], place: str = "here"
) -> AsyncIterator[StateStore]:
    """A store that has been initialised."""
    metadata = Metadata(dict(properties), "orders")
    if place == "here":
        store = kind()
        await store.init(metadata)
        try:
            yield store
        finally:
            await store.close()
        return
    async with connected(kind, properties, name=metadata.name) as remote:
        yield remote


@asynccontextmanager
async def broker(
    kind: type[PubSub], properties: Mapping[str, str], place: str = "here"
) -> AsyncIterator[PubSub]:
    """A broker that has been initialised."""
    metadata = Metadata(dict(properties), "events")
    if place == "here":
        found = kind()
        await found.init(metadata)
        try:
            yield found
        finally:
            await found.close()
        return
    async with connected(kind, properties, name=metadata.name) as remote:
        yield remote


class Inbox(Delivery[Message]):
    """Takes messages and answers them as told, from a list whose end is Accepted for all that follow."""

    def __init__(self, *answers: Outcome) -> None:
        self.messages: list[Message] = []
        self.registered = asyncio.Event()
        self._answers = list(answers)
        self._arrived: asyncio.Queue[Message] = asyncio.Queue()

    async def __call__(self, message: Message) -> Outcome:
        self.messages.append(message)
        self._arrived.put_nowait(message)
        return self._answers.pop(0) if self._answers else Accepted()

    def ready(self) -> None:
        self.registered.set()

    async def next(self) -> Message:
        """Wait for the next message."""
        async with asyncio.timeout(15):
            return await self._arrived.get()

    async def data(self, count: int) -> list[bytes]:
        """Wait for so many messages and return what is in them, as they came."""
        return [(await self.next()).data for _ in range(count)]


class Silent(Inbox):
    """Takes messages and never answers."""

    async def __call__(self, message: Message) -> Outcome:
        await super().__call__(message)
        never: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        return await never


@asynccontextmanager
async def subscribed(found: PubSub, topic: str, inbox: Inbox) -> AsyncIterator[None]:
    """A subscription that sees what is published from now on, and is cut in the end."""
    subscription = asyncio.create_task(found.subscribe(Topic(name=topic), inbox))
    registered = asyncio.create_task(inbox.registered.wait())
    try:
        async with asyncio.timeout(15):
            done, _ = await asyncio.wait({subscription, registered}, return_when="FIRST_COMPLETED")
        if subscription in done:
            subscription.result()
        yield
    finally:
        for task in (subscription, registered):
            task.cancel()
        await asyncio.wait({subscription, registered})


@contextmanager
def redis_server(*options: str) -> Iterator[int]:
    """The port of a Redis server that keeps nothing."""
    with Redis.running(*options) as server:
        yield server.port
