"""What a component says of itself to those who use it, beside what follows from its class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .metadata import NO_METADATA

#: How far along a component is, in contrib's words.
Status = Literal["stable", "beta", "alpha", "development-only"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Authentication:
    """One way to authenticate, with the properties that it takes by their names in YAML."""

    title: str
    description: str
    properties: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What ``pluggable describe`` tells of a component beside what follows from its class."""

    settings: type[Any] | None = None
    """The dataclass that its ``init`` parses the metadata into; ``None`` says that it takes none."""
    title: str = ""
    """What people call it, such as ``Redis``; else the name in its type."""
    description: str = ""
    """Else the first paragraph of the class's docstring."""
    url: str = ""
    """Where to read more."""
    status: Status = "alpha"
    authentication: tuple[Authentication, ...] = ()
    operations: Mapping[str, str] = NO_METADATA
    """What each operation of an output binding does."""
