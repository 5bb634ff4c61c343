"""Names that two want: sockets among themselves, and sockets with what daprd has built in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from .asking import Socket
from .builtin import INITIAL_VERSIONS, is_replaceable, versions_of
from .findings import Finding, error, listed, warning


def check(sockets: Iterable[Socket]) -> Iterator[Finding]:
    """Yield the types that more than one socket serves, and those that daprd has too."""
    serving: dict[str, list[Path]] = {}
    for socket in sockets:
        for type_ in socket.types:
            serving.setdefault(type_, []).append(socket.path)
    for type_, paths in serving.items():
        if len(paths) > 1:
            yield _twice(type_, paths)
        if own := versions_of(type_):
            yield _shadowing(type_, paths[-1], own)


def _twice(type_: str, paths: list[Path]) -> Finding:
    return error(
        "type-twice",
        type_,
        f"is served by {listed(path.name for path in paths)}",
        daprd=f"takes {paths[-1].name}, the last by name, and says nothing of the other: "
        "case and extension make no difference",
        mend="give all but one another name",
    )


def _shadowing(type_: str, path: Path, own: frozenset[str]) -> Finding:
    mend = f"unless that is meant, give the socket a name of its own, such as acme.{path.name}"
    if is_replaceable(type_):
        return warning(
            "type-built-in",
            path,
            f"serves {type_}, which daprd has built in",
            daprd=f"uses the socket for every {type_} in its YAML, in place of its own, without a word",
            mend=mend,
        )
    left = sorted(INITIAL_VERSIONS - own)
    return warning(
        "type-built-in",
        path,
        f"serves {type_}, which daprd has built in with versions {listed(sorted(own - {''}))}",
        daprd=f"uses its own, and the socket only for spec.version {listed(left)}",
        mend=mend,
    )
