"""Who serves a component type: packages that announce it by an entry point, and strangers' sockets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

from ...component import ENTRY_POINT_GROUP

#: Who says nothing of versions serves these (dapr: ``pkg/components/versioning.go``).
UNVERSIONED = frozenset({"", "v0", "v1"})
#: The package of the components that come along.
OURS = "pluggable_servers"


@dataclass(frozen=True, slots=True)
class Bundle:
    """Component types of one name and version, served together by one child: all of ``redis``, say."""

    name: str
    version: str
    types: tuple[str, ...]
    """Entry point names, each ``<block>.<name>`` or ``<block>.<name>/<version>``."""
    comes_along: bool = False
    """All of its classes come with the sidecar."""

    def __str__(self) -> str:
        return self.name + (f"/{self.version}" if self.version else "")


class Registry:
    """The component types that installed packages announce."""

    def __init__(self, announced: Iterable[EntryPoint] | None = None) -> None:
        self._types: dict[tuple[str, str], Bundle] = {}
        grouped: dict[tuple[str, str], list[EntryPoint]] = {}
        for point in entry_points(group=ENTRY_POINT_GROUP) if announced is None else announced:
            type_, _, version = point.name.partition("/")
            name = type_.partition(".")[2].lower()
            grouped.setdefault((name, "" if version in UNVERSIONED else version), []).append(point)
        for (name, version), points in grouped.items():
            types = tuple(sorted({point.name for point in points}))
            ours = all(point.module.partition(".")[0] == OURS for point in points)
            bundle = Bundle(name, version, types, ours)
            self._types.update({(type_.partition("/")[0].lower(), version): bundle for type_ in bundle.types})

    def bundle(self, type_: str, version: str) -> Bundle | None:
        """Return what serves this type in this version, if a package announces it."""
        return self._types.get((type_.lower(), "" if version in UNVERSIONED else version))

    def types(self) -> list[str]:
        """Return the types announced, sorted, with their version where they have one."""
        return sorted(type_ + (f"/{version}" if version else "") for type_, version in self._types)
