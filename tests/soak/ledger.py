"""What was published and what came of it, so that at the end nothing is lost and nothing was invented."""

from __future__ import annotations

import asyncio
from collections import Counter


class Ledger:
    """Keeps the numbers of messages that the sidecar took, and how often each was delivered."""

    def __init__(self) -> None:
        self.given: set[int] = set()
        """Published, whatever came of it."""
        self.taken: set[int] = set()
        """Published, and answered so."""
        self.delivered: Counter[int] = Counter()
        self._news = asyncio.Condition()

    def begin(self) -> int:
        """Return the number of a new message."""
        number = len(self.given)
        self.given.add(number)
        return number

    async def deliver(self, number: int) -> None:
        """Take note of a delivery."""
        async with self._news:
            self.delivered[number] += 1
            self._news.notify_all()

    async def settled(self, seconds: float) -> None:
        """Wait until all that was taken has been delivered, or so long."""
        try:
            async with asyncio.timeout(seconds), self._news:
                await self._news.wait_for(lambda: not self.lost)
        except TimeoutError:
            pass

    @property
    def lost(self) -> set[int]:
        """Taken and never delivered."""
        return self.taken - self.delivered.keys()

    @property
    def invented(self) -> set[int]:
        """Delivered and never published."""
        return self.delivered.keys() - self.given

    @property
    def repeated(self) -> int:
        """How many deliveries were of messages that had been delivered."""
        return sum(self.delivered.values()) - len(self.delivered)
