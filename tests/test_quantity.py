from __future__ import annotations

import pytest

from pluggable._quantity import parse_size
from pluggable.metadata import Size, parse_quantity


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


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("4MB", 4_000_000),
        ("64KiB", 65536),
        ("2KB", 2000),
        ("2kB", 2000),
        ("100B", 100),
        ("1.5GiB", 3 << 29),
        ("4Mi", 4 << 20),
    ],
)
def test_unit_may_end_in_bytes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["B", "MB", "1eB", "5mB", "4mb", "4 MB", "4MBB"])
def test_other_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no"):
        parse_size(text)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0"),
        (100, "100"),
        (104857600, "100Mi"),
        (4_000_000, "4M"),
        (1536, "1536"),
        (-1024, "-1Ki"),
        (1 << 60, "1Ei"),
    ],
)
def test_size_is_written_as_it_is_read(size: int, text: str) -> None:
    assert str(Size(size)) == text
    assert parse_size(text) == size
    assert f"{Size(size)!r}" == f"Size({size})"
