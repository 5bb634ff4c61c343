"""
Which subscription a message is for.

Facts: components-contrib ``pubsub/mqtt3/mqtt.go``: the same topic counts first, then shared subscriptions
and wildcards.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

_SHARED: Final = "$share/"


def chosen(filters: Iterable[str], topic: str) -> str | None:
    """Return the filter that a message to this topic goes to, the first of several with wildcards."""
    fitting = [each for each in filters if matches(each, topic)]
    return next((each for each in fitting if each == topic), fitting[0] if fitting else None)


def matches(pattern: str, topic: str) -> bool:
    """Say whether a filter covers a topic: ``+`` is one level, ``#`` this level and all below."""
    wanted, levels = _unshared(pattern).split("/"), topic.split("/")
    if topic.startswith("$") and wanted[0] in ("+", "#"):
        return False  # By the protocol wildcards leave out what the broker tells of itself.
    for number, level in enumerate(wanted):
        if level == "#":
            return True
        if number >= len(levels) or level not in ("+", levels[number]):
            return False
    return len(wanted) == len(levels)


def _unshared(pattern: str) -> str:
    """Return the filter without the group of a shared subscription, ``$share/group/``."""
    if not pattern.startswith(_SHARED):
        return pattern
    _, _, rest = pattern.removeprefix(_SHARED).partition("/")
    return rest or pattern
