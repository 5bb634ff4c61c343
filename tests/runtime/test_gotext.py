"""Texts as Go writes them."""

from __future__ import annotations

import pytest

from pluggable.runtime.gotext import duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (0.5, "500ms"), (1, "1s"), (1.5, "1.5s"), (90, "1m30s"), (180, "3m0s"), (3600, "1h0m0s")],
)
def test_durations_are_written_as_go_does(seconds: float, text: str) -> None:
    assert duration(seconds) == text
