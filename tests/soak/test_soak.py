"""The soak finds what it is for."""

from __future__ import annotations

from typing import Any

import pytest

from tests.soak.__main__ import faults
from tests.soak.ledger import Ledger

GOOD: dict[str, Any] = {"failed": 0, "lost": 0, "invented": 0, "repeated": 0, "growth": 0.05, "ticks": 9}


async def test_ledger_tells_what_was_lost_and_what_was_invented() -> None:
    ledger = Ledger()
    kept, lost, unanswered = ledger.begin(), ledger.begin(), ledger.begin()
    ledger.taken |= {kept, lost}
    for number in (kept, kept, unanswered, 99):
        await ledger.deliver(number)

    assert ledger.lost == {lost}
    assert ledger.invented == {99}
    assert ledger.repeated == 1


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("lost", 3, "3 lost"),
        ("invented", 1, "1 invented"),
        ("repeated", 2, "2 repeated"),
        ("failed", 1, "1 failed"),
        ("growth", 0.11, "memory grew by 11.0%"),
        ("ticks", 0, "no tick of the input binding came"),
    ],
)
def test_each_fault_is_told(name: str, value: float, words: str) -> None:
    assert faults(GOOD) == []
    assert faults(GOOD | {name: value}) == [words]
