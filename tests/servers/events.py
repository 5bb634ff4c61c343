"""Bindings as tests use them, and what reads their events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TypeVar

from pluggable.bindings import Event, InputBinding
from pluggable.delivery import Accepted, Delivery, Outcome
from pluggable.metadata import Metadata

B = TypeVar("B", bound=InputBinding)


class Events(Delivery[Event]):
    """Takes events and answers them as told, from a list whose end is Accepted for all that follow."""

    def __init__(self, *answers: Outcome) -> None:
        self.registered = asyncio.Event()
        self._answers = list(answers)
        self._came: asyncio.Queue[Event] = asyncio.Queue()

    async def __call__(self, message: Event) -> Outcome:
        self._came.put_nowait(message)
        return self._answers.pop(0) if self._answers else Accepted()

    def ready(self) -> None:
        self.registered.set()

    async def next(self) -> Event:
        """Wait for the next event."""
        async with asyncio.timeout(30):
            return await self._came.get()

    async def data(self, count: int) -> list[bytes]:
        """Wait for so many events and return what is in them, as they came."""
        return [(await self.next()).data for _ in range(count)]


@asynccontextmanager
async def bound(kind: type[B], properties: Mapping[str, str]) -> AsyncIterator[B]:
    """A binding that has been initialised."""
    found = kind()
    await found.init(Metadata(dict(properties), "work"))
    try:
        yield found
    finally:
        await found.close()


@asynccontextmanager
async def reading(found: InputBinding, events: Events) -> AsyncIterator[None]:
    """Read a binding's events, from when it is ready until the end."""
    task = asyncio.create_task(found.read(events))
    ready = asyncio.create_task(events.registered.wait())
    try:
        async with asyncio.timeout(30):
            await asyncio.wait({task, ready}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
        yield
    finally:
        for each in (task, ready):
            each.cancel()
        await asyncio.wait({task, ready})
