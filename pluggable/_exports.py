"""Names that a package offers, each imported when it is first asked for: nobody waits for the others."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import Any


def offered(
    package: str, homes: Mapping[str, Iterable[str]]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """
    Return ``__getattr__`` and ``__dir__`` for a package, given which of its modules its names are in.

    The modules themselves are attributes as well. Type checkers should read imports instead, and neither of
    these, which would let any name pass.
    """
    home_of = {name: home for home, names in homes.items() for name in names}
    here = vars(sys.modules[package])

    def get(name: str) -> Any:
        if name in home_of:
            here[name] = getattr(import_module(f"{package}.{home_of[name]}"), name)
            return here[name]
        if name in homes:
            return import_module(f"{package}.{name}")
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    def names() -> list[str]:
        return sorted({*homes, *home_of, *(name for name in here if name.startswith("__"))})

    return get, names
