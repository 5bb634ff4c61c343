"""What a component's class promises by its bases, and whether it keeps that: found out when it is defined."""

from __future__ import annotations

import inspect
from abc import ABC
from collections.abc import Iterator


def check(cls: type, *, capability: type, foundation: type) -> None:
    """
    See that a component's class has what its bases promise; one with ``ABC`` among its bases is for others.

    Raises:
        TypeError: something is missing, cannot be awaited, or is for another block; all at once.
    """
    if ABC in cls.__bases__ or foundation in cls.__bases__:
        return
    faults = [
        *_missing(cls),
        *_not_awaited(cls),
        *_misplaced(cls, capability),
        *_not_replaced(cls, capability),
    ]
    if faults:
        raise TypeError(f"{cls.__qualname__}: {'; '.join(faults)}")


def _missing(cls: type) -> Iterator[str]:
    missing = [
        f"{name}, which {base.__name__} promises"
        for name, base in _promised(cls)
        if getattr(getattr(cls, name, None), "__isabstractmethod__", False)
    ]
    if missing:
        yield f"missing are {', and '.join(missing)}; if a subclass will have them, add ABC to the bases"


def _not_awaited(cls: type) -> Iterator[str]:
    for name, method in vars(cls).items():
        if not inspect.isfunction(method) or inspect.iscoroutinefunction(method):
            continue
        base = next(
            (base for base in cls.__mro__[1:] if inspect.iscoroutinefunction(vars(base).get(name))), None
        )
        if base is not None and not hasattr(method, "__wrapped__"):  # what a decorator made is believed
            yield (
                f"{name} is a plain function, and {base.__name__} awaits it; write async def, "
                "or mark it @blocking, which runs it in a thread"
            )


def _misplaced(cls: type, capability: type) -> Iterator[str]:
    for base in cls.__mro__:
        block = vars(base).get("of")
        if issubclass(base, capability) and block is not None and not issubclass(cls, block):
            yield f"{base.__name__} is for a {block.__name__}, which this is not"


def _not_replaced(cls: type, capability: type) -> Iterator[str]:
    for base in cls.__mro__:
        block = vars(base).get("of")
        if not issubclass(base, capability) or block is None:
            continue
        for name in vars(base).get("replaces", ()):
            if getattr(cls, name, None) is getattr(block, name):
                yield f"{name} is the default of {block.__name__}; {base.__name__} promises one of its own"


def _promised(cls: type) -> Iterator[tuple[str, type]]:
    """Yield the names of the methods that are mandatory, each with the base that says so first."""
    seen = set()
    for base in reversed(cls.__mro__):
        for name in sorted(getattr(base, "__abstractmethods__", ())):
            if name not in seen:
                seen.add(name)
                yield name, base
