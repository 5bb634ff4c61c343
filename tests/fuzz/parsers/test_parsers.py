"""What parses bytes of strangers, fed with spoilt conversations: two seconds each, from the corpus on."""

from __future__ import annotations

import os

import pytest

from tests.fuzz.parsers.targets import TARGETS
from tests.fuzz.parsers.watching import watched

SECONDS = float(os.environ.get("FUZZ_SECONDS", "2"))


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
async def test_every_input_is_survived(name: str) -> None:
    found = await watched(name, SECONDS)

    assert found.faults == []
    assert found.inputs > 50


@pytest.mark.slow
@pytest.mark.parametrize(
    ("way", "told"),
    [
        ("crash", "KeyError at planted.py"),
        ("death", "died of SIGABRT, of 626164"),
        ("hang", "it hung at 626164"),
        ("growth", "it grew by"),
    ],
)
async def test_every_harm_is_noticed(way: str, told: str) -> None:
    found = await watched(way, 1, worker="tests.fuzz.parsers.planted", hang_seconds=5)

    assert any(told in fault for fault in found.faults), found.faults
