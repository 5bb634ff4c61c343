"""Whether a component's messages are taken, and how many are with the application."""

from __future__ import annotations

import asyncio


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
