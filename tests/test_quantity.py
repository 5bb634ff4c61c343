from __future__ import annotations

import pytest

from pluggable.metadata import parse_quantity


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("100", 100),
        ("10Ki", 10240),
        ("1.5Gi", 3 << 29),
        ("512Mi", 512 << 20),
        ("2k", 2000),
        ("1e6", 10**6),
        ("3000m", 3),
        ("-1", -1),
    ],
)
def test_size_is_read(text: str, size: int) -> None:
    assert parse_quantity(text) == size


@pytest.mark.parametrize("text", ["", "Mi", "1.5", "10KB", "1 Mi", "9Ei", "ten"])
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no"):
        parse_quantity(text)
