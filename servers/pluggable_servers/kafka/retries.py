"""
How often, and after what pauses, a message that failed is handled again.

Facts: dapr/kit ``retry/retry.go``; a bare integer counts milliseconds, and the time given bounds only
pauses that grow.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from pluggable.metadata import setting

from .settings import KafkaSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrySettings(KafkaSettings):
    """The properties of both components, with those of repetitions."""

    back_off_policy: Literal["constant", "exponential"] = setting(
        default="constant", description="Whether the pause before a repetition stays, or grows."
    )
    back_off_duration: timedelta = setting(  # noqa: RUF009  frozen
        default=timedelta(seconds=5), unit="ms", description="The pause that stays."
    )
    back_off_initial_interval: timedelta = setting(  # noqa: RUF009  frozen
        default=timedelta(milliseconds=500), unit="ms", description="The first of pauses that grow."
    )
    back_off_randomization_factor: float = setting(
        default=0.5, description="By what part of itself a pause that grows is more or less."
    )
    back_off_multiplier: float = setting(default=1.5, description="By how much pauses grow.")
    back_off_max_interval: timedelta = setting(  # noqa: RUF009  frozen
        default=timedelta(minutes=1), unit="ms", description="The longest of pauses that grow."
    )
    back_off_max_elapsed_time: timedelta = setting(  # noqa: RUF009  frozen
        default=timedelta(minutes=15),
        unit="ms",
        description="How long a message is repeated with pauses that grow; 0 for ever.",
    )
    back_off_max_retries: int = setting(
        default=-1, description="How often a message is repeated; -1 without end."
    )

    def pauses(self) -> Iterator[float]:
        """Return the pauses before each repetition of one message, in seconds."""
        made, spent = 0, 0.0
        grown = self.back_off_initial_interval.total_seconds()
        longest = self.back_off_max_interval.total_seconds()
        bound = self.back_off_max_elapsed_time.total_seconds()
        while self.back_off_max_retries < 0 or made < self.back_off_max_retries:
            made += 1
            if self.back_off_policy == "constant":
                yield self.back_off_duration.total_seconds()
                continue
            spread = grown * self.back_off_randomization_factor
            pause = random.uniform(grown - spread, grown + spread)
            spent += pause
            if 0 < bound < spent:
                return
            yield pause
            grown = min(grown * self.back_off_multiplier, longest)
