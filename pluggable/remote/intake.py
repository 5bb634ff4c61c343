"""Whether a component's messages are taken, and how many are with the application."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Intake:
    """Shared by all streams of one component."""

    def __init__(self) -> None:
        self.discarded = 0
        """How many answers came after the stream of their message had ended."""
        self._in_flight = 0
        self._open = asyncio.Event()
        self._open.set()
        self._empty = asyncio.Event()
        self._empty.set()
        self._pulling = 0
        self._left = asyncio.Event()
        self._left.set()

    def pause(self) -> None:
        """Take no message until ``resume``; what came before goes on."""
        self._open.clear()

    def resume(self) -> None:
        """Take messages again, beginning with those that came meanwhile."""
        self._open.set()

    async def resumed(self) -> None:
        """Wait while messages are not taken."""
        if not self._open.is_set():
            await self._open.wait()

    @contextmanager
    def pulling(self) -> Iterator[None]:
        """Count a subscription for as long as this lasts, its last stream included."""
        self._pulling += 1
        self._left.clear()
        try:
            yield
        finally:
            self._pulling -= 1
            if not self._pulling:
                self._left.set()

    async def left(self) -> None:
        """Wait until nobody is subscribed, and every stream was left in good order."""
        await self._left.wait()

    def begin(self) -> None:
        """Count a message as with the application."""
        self._in_flight += 1
        self._empty.clear()

    def end(self) -> None:
        """Count it as answered, or given up."""
        self._in_flight -= 1
        if not self._in_flight:
            self._empty.set()

    async def drained(self) -> None:
        """Wait until no message is with the application, and all answers are sent."""
        await self._empty.wait()
