"""What a component is called wherever it has a name: one word of its author's, and what follows from it."""

from __future__ import annotations

import keyword
import re
import sys
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Final, Self

from ..component import ENTRY_POINT_GROUP

#: Kubernetes would take 63; so long, the name still leaves room for others on a line of code.
LONGEST: Final = 40

_NAME: Final = re.compile(r"[a-z]([a-z0-9._-]*[a-z0-9])?")
_WORDS: Final = re.compile(r"[._-]+")
#: Modules that a project has beside its package, or needs.
_TAKEN: Final = frozenset({"pluggable", "pluggable_servers", "tests", "examples", "deploy", "pytest"})


class ScaffoldError(Exception):
    """A project cannot be made; the text says what was found and what was wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """The names of one component."""

    name: str
    """As given, such as ``my-store``: the project, its folder, the socket."""
    type: str
    """In a Component's YAML: ``state.my-store``."""
    package: str
    """In Python: ``my_store``."""
    cls: str
    """The class: ``MyStore``."""
    container: str
    """In Kubernetes, which has no dots there, and of an image: ``my-store``."""

    @classmethod
    def of(cls, block: str, name: str) -> Self:
        """
        Return the names that follow from one.

        Raises:
            ScaffoldError: it cannot be a name in all these places, or is taken in one.
        """
        if not _NAME.fullmatch(name):
            raise ScaffoldError(
                f'"{name}" is no name for a component; wanted are lower-case letters, digits, hyphens, dots '
                "and underscores, a letter first and no mark last, such as my-store"
            )
        if len(name) > LONGEST:
            raise ScaffoldError(f'"{name}" has {len(name)} letters, at most {LONGEST} are possible')
        words = _WORDS.split(name)
        package = "_".join(words)
        if keyword.iskeyword(package) or package in sys.stdlib_module_names or package in _TAKEN:
            raise ScaffoldError(
                f'"{name}" would be the Python package {package}, which is taken; '
                f"choose another name, such as my-{name}"
            )
        type_ = f"{block}.{name}"
        if entry_points(group=ENTRY_POINT_GROUP, name=type_):
            raise ScaffoldError(f"{type_} is installed already; choose another name, such as my-{name}")
        class_ = "".join(word[0].upper() + word[1:] for word in words)
        return cls(name=name, type=type_, package=package, cls=class_, container="-".join(words))
