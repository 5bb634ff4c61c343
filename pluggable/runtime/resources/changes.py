"""Resources as a stream of changes: start-up is the first batch, a reload that finds something the next."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Hashable, Iterable
from dataclasses import fields
from typing import Protocol, Self, TypeVar

from .values import Changes, Resources

logger: logging.Logger = logging.getLogger(__name__)


class _Named(Protocol):
    @property
    def name(self) -> str: ...


R = TypeVar("R", bound=_Named)


class ResourceChanges:
    """
    An endless async iterator of what is new, read by ``load``, which may block.

    The first batch comes at once, even if empty; another after each ``reload`` that found a difference.
    What ``load`` raises reaches the reader of the iterator, and what was known stays known.
    """

    def __init__(self, load: Callable[[], Resources]) -> None:
        self._load = load
        self._known = Resources()
        self._wanted = asyncio.Event()
        self._wanted.set()
        self._first = True

    def reload(self) -> None:
        """Read again, soon; several calls before that are one. Called on the loop, as a signal handler is."""
        self._wanted.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Changes:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            found = await asyncio.to_thread(self._load)
            changes = difference(self._known, found)
            self._known = found
            if self._first or changes != Changes():
                self._first = False
                return changes
            logger.info("resources were read again: nothing has changed")


def difference(known: Resources, found: Resources) -> Changes:
    """Return what must be done to get from the known resources to those found."""
    compared = {
        kind.name: _compared(getattr(known, kind.name), getattr(found, kind.name))
        for kind in fields(Resources)
    }
    added, changed, removed = (
        Resources(**{kind: sorts[at] for kind, sorts in compared.items()}) for at in range(3)
    )
    return Changes(added=added, changed=changed, removed=removed)


def _compared(known: Iterable[R], found: Iterable[R]) -> tuple[tuple[R, ...], tuple[R, ...], tuple[R, ...]]:
    """Return those added, changed and removed, each in its own order."""
    before, after = _by_key(known), _by_key(found)
    return (
        tuple(each for key, each in after.items() if key not in before),
        tuple(each for key, each in after.items() if key in before and each != before[key]),
        tuple(each for key, each in before.items() if key not in after),
    )


def _by_key(items: Iterable[R]) -> dict[Hashable, R]:
    """Return the items by name; names that repeat, as subscriptions' may, are told apart by their order."""
    keyed: dict[Hashable, R] = {}
    for item in items:
        nth = 0
        while (item.name, nth) in keyed:
            nth += 1
        keyed[item.name, nth] = item
    return keyed
