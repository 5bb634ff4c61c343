"""Values that nobody is to see, kept out of logs and answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Self

#: What stands where a secret was; a shorter one is left alone: it would be found in any word.
HIDDEN: Final = "(not shown)"
SHORTEST: Final = 4


@dataclass(frozen=True, slots=True)
class Secrets:
    """The secret values of one configured component."""

    values: tuple[str, ...] = field(default=(), repr=False)

    @classmethod
    def among(cls, values: Iterable[str]) -> Self:
        """Return those that can be hidden, the longest first: one may be part of another."""
        return cls(tuple(sorted({each for each in values if len(each) >= SHORTEST}, key=len, reverse=True)))

    def hidden_in(self, text: str) -> str:
        """Return the text without them."""
        for value in self.values:
            text = text.replace(value, HIDDEN)
        return text
