"""How much of a stream may be with the application at a time, in messages and in bytes."""

from __future__ import annotations

import asyncio


class Room:
    """Bounds what one reader takes. One message is always taken, however large."""

    def __init__(self, messages: int, size: int) -> None:
        self._messages = messages
        self._bytes = size
        self._free = asyncio.Event()
        self._free.set()

    async def free(self) -> None:
        """Wait until another message may be taken."""
        if not self._free.is_set():
            await self._free.wait()

    def take(self, size: int) -> None:
        """Take a message of so many bytes."""
        self._messages -= 1
        self._bytes -= size
        if self._messages <= 0 or self._bytes <= 0:
            self._free.clear()

    def give(self, size: int) -> None:
        """Give the message's room back."""
        self._messages += 1
        self._bytes += size
        if self._messages > 0 and self._bytes > 0:
            self._free.set()
