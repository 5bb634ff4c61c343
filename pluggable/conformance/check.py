"""
What a check is, and how it says what is wrong.

A block has a module under ``checks``: functions that are marked by ``check``, gathered by ``checks_of``. The
function's name is the rule in short, its docstring the rule in full, with its source.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ..errors import ComponentError

if TYPE_CHECKING:
    from .target import Target

E = TypeVar("E", bound=ComponentError)

#: How long one check may take unless it says otherwise.
CHECK_SECONDS: Final = 30.0


class ViolationError(Exception):
    """A rule does not hold: what was found, and what was wanted instead."""

    def __init__(self, found: str, wanted: str) -> None:
        super().__init__(f"found {found}; wanted {wanted}")
        self.found = found
        self.wanted = wanted


class InapplicableError(Exception):
    """A check cannot find out, since the profile does not name what it needs; the text says what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One rule, and what finds out whether it holds."""

    block: str
    name: str
    rule: str
    run: Callable[[Target], Awaitable[None]]
    needs: str = ""
    """A feature or service: the check is skipped where it is not claimed."""
    lacks: str = ""
    """A feature or service: the negative case, skipped where it is claimed."""
    seconds: float = CHECK_SECONDS

    @property
    def id(self) -> str:
        """``block/name``."""
        return f"{self.block}/{self.name}"


def check(
    block: str, *, needs: str = "", lacks: str = "", seconds: float = CHECK_SECONDS
) -> Callable[[Callable[[Any], Awaitable[None]]], Check]:
    """Make a check of a function, which raises ``ViolationError`` where the rule does not hold."""

    def made(run: Callable[[Any], Awaitable[None]]) -> Check:
        name = str(getattr(run, "__name__", "")).replace("_", "-")
        rule = " ".join((inspect.getdoc(run) or "").split())
        return Check(block=block, name=name, rule=rule, run=run, needs=needs, lacks=lacks, seconds=seconds)

    return made


def checks_of(names: Mapping[str, object]) -> tuple[Check, ...]:
    """Return the checks among a module's names, in the order in which they are written."""
    return tuple(each for each in names.values() if isinstance(each, Check))


def expect(held: bool, *, found: str, wanted: str) -> None:
    """
    See that something holds.

    Raises:
        ViolationError: it does not.
    """
    if not held:
        raise ViolationError(found, wanted)


def same(found: object, wanted: object, what: str) -> None:
    """
    See that two values are equal.

    Raises:
        ViolationError: they are not.
    """
    if found != wanted:
        raise ViolationError(f"{what} {_shown(found)}", _shown(wanted))


async def refused(call: Awaitable[object], kind: type[E], what: str, wanted: str) -> E:
    """
    See that a call fails in a certain way, and return how it did.

    Raises:
        ViolationError: it succeeds, or fails in another way.
    """
    try:
        await call
    except kind as error:
        return error
    except ComponentError as error:
        raise ViolationError(
            f"{what} refused with {error.code.name} and no detail that says why: {error}", wanted
        ) from error
    raise ViolationError(f"{what} accepted", wanted)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:200]}… ({len(text)} characters)"
