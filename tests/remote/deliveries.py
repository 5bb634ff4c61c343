"""Somebody to deliver to, and somebody to tell of changes."""

from __future__ import annotations

import asyncio
from typing import Generic, TypeVar

from pluggable.configuration import Changes, Notify
from pluggable.delivery import Accepted, Delivery, Outcome

M = TypeVar("M")


class Desk(Delivery[M], Generic[M]):
    """Takes messages, and answers each as the test decides."""

    def __init__(self) -> None:
        self.taken: asyncio.Queue[tuple[M, asyncio.Future[Outcome]]] = asyncio.Queue()
        self.standing: asyncio.Queue[None] = asyncio.Queue()
        self.given_up = 0

    async def __call__(self, message: M) -> Outcome:
        outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self.taken.put_nowait((message, outcome))
        try:
            return await outcome
        except asyncio.CancelledError:
            self.given_up += 1
            raise

    def ready(self) -> None:
        self.standing.put_nowait(None)


class Accepting(Desk[M]):
    """Accepts all, at once."""

    async def __call__(self, message: M) -> Outcome:
        self.taken.put_nowait((message, asyncio.get_running_loop().create_future()))
        return Accepted()


class Heard(Notify):
    """What was told, and when the subscription stood."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[Changes] = asyncio.Queue()
        self.standing: asyncio.Queue[None] = asyncio.Queue()
        self.failures: list[Exception] = []

    async def __call__(self, changes: Changes) -> None:
        self.told.put_nowait(changes)
        if self.failures:
            raise self.failures.pop()

    def ready(self) -> None:
        self.standing.put_nowait(None)

    async def next(self) -> Changes:
        async with asyncio.timeout(10):
            return await self.told.get()

    async def stands(self) -> None:
        async with asyncio.timeout(10):
            await self.standing.get()
