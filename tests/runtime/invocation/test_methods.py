from __future__ import annotations

import contextlib
import time

import pytest

from pluggable.runtime.appchannel import AppAnswerError
from pluggable.runtime.appchannel.invoking import path_of
from pluggable.runtime.invocation.methods import MethodError, normalized


@pytest.mark.parametrize(
    ("method", "cleaned"),
    [
        ("", ""),
        (".", ""),
        ("..", ""),
        ("a", "a"),
        ("/a", "/a"),
        ("a/b", "a/b"),
        ("a//b/", "a/b"),
        ("a/../b", "b"),
        ("../../etc/passwd", "etc/passwd"),
        ("a/./b", "a/b"),
        ("a%2Fb", "a%2Fb"),
        ("/pkg.Service/Method", "/pkg.Service/Method"),
        ("ünïcode", "ünïcode"),
    ],
)
def test_method_has_one_form(method: str, cleaned: str) -> None:
    assert normalized(method) == cleaned


@pytest.mark.parametrize("method", ["a#b", "a?b", "a\0b", "a\rb", "a\nb", "\x1f", "\x7f"])
def test_method_with_what_none_has_is_refused(method: str) -> None:
    with pytest.raises(MethodError, match="invalid method"):
        normalized(method)


@pytest.mark.parametrize("method", ["a" * 5000 + "#", "a/" * 5000 + "!", "a." * 5000 + "\0"])
def test_long_method_is_looked_at_quickly(method: str) -> None:
    began = time.perf_counter()
    with contextlib.suppress(MethodError):
        normalized(method)

    assert time.perf_counter() - began < 0.5


@pytest.mark.parametrize(
    ("method", "query", "path"),
    [
        ("", "", "/"),
        ("a/b", "x=1", "/a/b?x=1"),
        ("/a", "", "/a"),
        ('a"b', "", "/a%22b"),
        ("a b", "q=a b", "/a%20b?q=a%20b"),
        ("a%20b", "", "/a%20b"),
        ("a\\b", "", "/a%5Cb"),
        ("é", "", "/%C3%A9"),
        ("a*b", "x=%2F?", "/a*b?x=%2F?"),
    ],
)
def test_path_is_what_a_url_has(method: str, query: str, path: str) -> None:
    assert path_of(method, query) == path


def test_escape_that_is_none_is_refused() -> None:
    with pytest.raises(AppAnswerError, match='invalid URL escape "%st"'):
        path_of("te%stream", "")
