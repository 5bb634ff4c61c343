"""Handing a message over and learning what became of it: the three outcomes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

M_contra = TypeVar("M_contra", contravariant=True)


@dataclass(frozen=True, slots=True)
class Accepted:
    """The message was handled. ``data`` is what the handler answered, used by input bindings alone."""

    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Rejected:
    """The handler failed on the message, for a reason; whether it comes again is the broker's matter."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Nobody answered: the stream was cut or the sidecar is going. Deliver again, never dead-letter."""


Outcome = Accepted | Rejected | Unanswered


class Delivery(ABC, Generic[M_contra]):
    """What a source of messages is given to hand them over with."""

    @abstractmethod
    async def __call__(self, message: M_contra) -> Outcome:
        """
        Hand over one message and wait for its outcome.

        May be called many times at once; waits while as many messages are in flight as the stream allows.
        Cancelling it gives the message up: its answer, should one still come, counts for nothing.
        """

    async def or_put_back(self, message: M_contra, put_back: Callable[[M_contra], object]) -> Outcome:
        """
        Hand over one message and return its outcome; if nobody answers it, put it back.

        Nobody answers either when the stream ends with the message in hand, which cancels this.
        """
        outcome: Outcome = Unanswered()
        try:
            outcome = await self(message)
        finally:
            if isinstance(outcome, Unanswered):
                put_back(message)
        return outcome

    def ready(self) -> None:
        """Tell that messages published from now on will be seen. The first message tells it too."""
