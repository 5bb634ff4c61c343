from __future__ import annotations

import sys
from typing import Any

import pytest

from pluggable.runtime.resources import Rule
from pluggable.runtime.subscriptions.routing import Router, RoutingError


def path(event: dict[str, Any], *matches: str) -> str | None:
    return Router([Rule(match=match, path=f"/{at}") for at, match in enumerate(matches)]).path(event)


def test_first_rule_that_holds_wins() -> None:
    rules = ('event.type == "a"', 'event.type == "b"', 'event.type.startsWith("b")')

    assert path({"type": "b"}, *rules) == "/1"


def test_empty_rule_always_holds() -> None:
    assert path({"type": "b"}, 'event.type == "a"', " ", 'event.type == "b"') == "/1"
    assert path({}, "", "event.nonsense ==") == "/0"


def test_no_rule_means_nowhere() -> None:
    assert path({"type": "b"}) is None
    assert path({"type": "b"}, 'event.type == "a"') is None


@pytest.mark.parametrize(
    "match",
    [
        "event.data.n > 3",
        'event.data["n"] == 4.0',
        "event['type'] == 'a'",
        "has(event.data.n) && !has(event.data.m)",
        "size(event.data.l) == 2",
        "size(event) == 2",
        '"type" in event',
        "event.data.big > 9.0",
    ],
)
def test_expression_sees_the_event(match: str) -> None:
    event = {"type": "a", "data": {"n": 4, "l": [1, 2], "big": 2**70, "none": None}}

    assert path(event, match) == "/0"


@pytest.mark.parametrize("match", ["event.nope == 1", "has(event.nope.deeper)", "event.type > 3"])
def test_undecided_rule_is_no_match(match: str) -> None:
    with pytest.raises(RoutingError, match="cannot be decided"):
        path({"type": "a"}, match)


def test_value_that_is_no_boolean_decides_nothing() -> None:
    with pytest.raises(RoutingError, match="gives STRING, a boolean is wanted"):
        path({"type": "true"}, "event.type")


@pytest.mark.parametrize("match", ["event.type ==", "undeclared == 1", "1 + 1"])
def test_faulty_rule_is_told_at_load(match: str) -> None:
    with pytest.raises(RoutingError, match="the rule"):
        Router([Rule(match=match, path="/")])


def test_missing_library_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cel_expr_python", None)

    with pytest.raises(RoutingError, match=r"pip install 'pluggable-components\[runtime\]'"):
        Router([Rule(match="event.type == 'a'", path="/")])
    assert Router([Rule(path="/all")]).path({}) == "/all"
