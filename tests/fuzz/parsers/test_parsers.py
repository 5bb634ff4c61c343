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
