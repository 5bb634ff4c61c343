"""What consumers did with numbered messages, in the order in which they said so."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Final

#: What a consumer says of a message, before its number.
BEGUN: Final = "begun"
HANDLED: Final = "handled"
REJECTED: Final = "rejected"


class Ledger:
    """Kept by one flood over all its consumers."""

    def __init__(self) -> None:
        self.handled: list[int] = []
        self.rejected: list[int] = []
        self.begun: Counter[int] = Counter()
        self._changed = asyncio.Event()

    def enter(self, line: str) -> None:
        """Take down what a consumer said."""
        what, _, number = line.partition(" ")
        if what == BEGUN:
            self.begun[int(number)] += 1
        else:
            {HANDLED: self.handled, REJECTED: self.rejected}[what].append(int(number))
        self._changed.set()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until this holds, looking again at each line."""
        while not holds():
            self._changed.clear()
            await self._changed.wait()

    @property
    def done(self) -> set[int]:
        """The messages that came to an end: handled or rejected."""
        return {*self.handled, *self.rejected}

    @property
    def in_order(self) -> bool:
        """Whether messages were handled in order, those that came again left out."""
        first = list(dict.fromkeys(self.handled))
        return first == sorted(first)

    @property
    def again(self) -> int:
        """How many times a message came to an end that had done so before."""
        return len(self.handled) + len(self.rejected) - len(self.done)

    @property
    def interrupted(self) -> int:
        """How many times a message was begun and not brought to an end, as its consumer was killed."""
        return sum(self.begun.values()) - len(self.handled) - len(self.rejected)
