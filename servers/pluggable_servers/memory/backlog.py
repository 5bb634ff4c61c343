"""What one subscription still has to be given, bounded in bytes."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

from pluggable.pubsub import Message

#: What a subscription's waiting messages may weigh before publishing waits; one message is always taken.
MOST_BYTES: Final = 16 * 1024 * 1024
#: What a message weighs beyond its data.
_OVERHEAD: Final = 512


class Backlog:
    """Messages in the order of their publishing; the first stays until it is answered."""

    def __init__(self, topic: str) -> None:
        self.topic = topic
        self._messages: deque[Message] = deque()
        self._bytes = 0
        self._filled = asyncio.Event()
        self._emptied = asyncio.Event()

    def __len__(self) -> int:
        return len(self._messages)

    @property
    def full(self) -> bool:
        return self._bytes >= MOST_BYTES

    def matches(self, topic: str) -> bool:
        """Return whether a message to this topic belongs here: ``a*`` wants a character after ``a``."""
        if topic == self.topic:
            return True
        prefix = self.topic.removesuffix("*")
        return prefix != self.topic and len(topic) > len(prefix) and topic.startswith(prefix)

    def add(self, message: Message) -> None:
        """Append a message; whoever does it has waited for room."""
        self._messages.append(message)
        self._bytes += len(message.data) + _OVERHEAD
        self._filled.set()

    async def first(self) -> Message:
        """Wait for a message and return it; it stays here."""
        while not self._messages:
            self._filled.clear()
            await self._filled.wait()
        return self._messages[0]

    def drop_first(self) -> None:
        """Forget the first message: it was answered."""
        self._bytes -= len(self._messages.popleft().data) + _OVERHEAD
        self._emptied.set()

    async def changed(self) -> None:
        """Wait until a message went, or all of them did."""
        self._emptied.clear()
        await self._emptied.wait()

    def clear(self) -> None:
        """Forget all messages."""
        self._messages.clear()
        self._bytes = 0
        self._emptied.set()
