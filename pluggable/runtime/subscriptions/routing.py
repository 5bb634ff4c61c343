"""Where a message goes: the rules of a subscription, in order, each a CEL expression about the event."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ..resources import Rule

_NAMED: Final = re.compile(r"\bevent\s*(?:\.\s*([A-Za-z_]\w*)|\[\s*(?:\"(\w+)\"|'(\w+)')\s*\])")
_EVENT: Final = re.compile(r"\bevent\b")
_LARGEST: Final = 2**63
#: How much of the library's words is repeated in ours: some of them quote the whole event.
SHOWN: Final = 120


class RoutingError(Exception):
    """A rule is none, or cannot be decided for an event."""


class Router:
    """
    Finds the path of an event: that of the first rule that holds.

    Expressions are compiled here, and see no more of an event than they name: their cost grows with it.

    Raises:
        RoutingError: an expression is faulty, or there is nothing to evaluate it with.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        matches = [rule.match.strip() for rule in rules]
        self._only = rules[0].path if rules and not matches[0] else None
        self._rules: list[tuple[Any, str, str]] = []
        if self._only is not None or not rules:
            return
        cel = _cel()
        self._cel = cel
        self._env = cel.NewEnv(variables={"event": cel.Type.DYN})
        self._names = _attributes(matches)
        for rule, match in zip(rules, matches, strict=True):
            self._rules.append((self._compiled(match) if match else None, match, rule.path))
            if not match:
                break  # it always holds, so none after it is ever asked

    def path(self, event: Mapping[str, Any]) -> str | None:
        """
        Return the event's path; ``None`` if no rule holds.

        Raises:
            RoutingError: a rule cannot be decided, such as for an attribute that is not there.
        """
        if self._only is not None or not self._rules:
            return self._only
        if self._names is not None:
            event = {name: event[name] for name in self._names if name in event}
        event = dict(event)
        try:
            return self._first(event)
        except RoutingError:
            if not _has_large(event):
                raise
        return self._first(_small(event))  # Go has floats there

    def _first(self, event: Mapping[str, Any]) -> str | None:
        activation = self._env.Activation({"event": event})
        for expression, match, path in self._rules:
            if expression is None or self._holds(expression, match, activation):
                return path
        return None

    def _holds(self, expression: Any, match: str, activation: Any) -> bool:
        """Evaluate a rule. Errors come as values; one that is no boolean decides nothing."""
        try:
            value = expression.eval(activation)
        except (RuntimeError, TypeError, ValueError) as error:
            raise RoutingError(f'the rule "{match}" cannot be decided: {error}') from error
        kind = value.type()
        if kind == self._cel.Type.ERROR:
            raise RoutingError(f'the rule "{match}" cannot be decided: {value.value()[:SHOWN]}')
        if kind != self._cel.Type.BOOL:
            raise RoutingError(f'the rule "{match}" gives {kind.name()}, a boolean is wanted')
        return bool(value.value())

    def _compiled(self, match: str) -> Any:
        try:
            expression = self._env.compile(match)
        except RuntimeError as error:
            raise RoutingError(f'the rule "{match}" is no CEL expression about "event": {error}') from error
        kind = expression.return_type()
        if kind not in (self._cel.Type.BOOL, self._cel.Type.DYN):
            raise RoutingError(f'the rule "{match}" gives {kind.name()}, a boolean is wanted')
        return expression


def _cel() -> Any:
    """Load the library when a rule needs it: it takes 50 MB of disk and some memory."""
    try:
        from cel_expr_python import cel  # type: ignore[import-untyped]  # it says no types
    except ImportError as error:
        raise RoutingError(
            "routing rules need cel-expr-python, which is not installed: "
            "pip install 'pluggable-components[runtime]'"
        ) from error
    return cel


def _attributes(matches: Sequence[str]) -> frozenset[str] | None:
    """Return which attributes of the event the rules name; ``None`` if they may look at any."""
    names: set[str] = set()
    for match in matches:
        named = list(_NAMED.finditer(match))
        if len(named) != len(_EVENT.findall(match)):
            return None
        names.update(next(filter(None, found.groups())) for found in named)
    return frozenset(names)


def _has_large(value: Any) -> bool:
    """Whether there is an integer beyond 64 bits, which CEL refuses."""
    match value:
        case dict():
            return any(map(_has_large, value.values()))
        case list():
            return any(map(_has_large, value))
    return isinstance(value, int) and not -_LARGEST <= value < _LARGEST


def _small(value: Any) -> Any:
    """Return the value with integers that CEL cannot hold as floats."""
    match value:
        case dict():
            return {key: _small(each) for key, each in value.items()}
        case list():
            return [_small(each) for each in value]
        case int() if not -_LARGEST <= value < _LARGEST:
            try:
                return float(value)
            except OverflowError:
                return float("inf") if value > 0 else float("-inf")
    return value
