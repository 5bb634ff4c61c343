"""Cutting what a process writes into lines."""

from __future__ import annotations

from pluggable._lines import LINE_BYTES, Lines


def test_lines_come_when_they_are_whole() -> None:
    lines = Lines()

    assert lines.feed(b"one\ntw") == ["one"]
    assert lines.feed(b"o\n\nthree") == ["two", ""]
    assert lines.last() == ["three"]
    assert lines.last() == []


def test_line_without_end_comes_in_pieces() -> None:
    lines = Lines()
    long = b"x" * (LINE_BYTES + 1)

    assert lines.feed(long) == [long.decode()]
    assert lines.last() == []
