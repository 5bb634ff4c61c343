"""Packages with components of their own, as anybody may install them, made for one test."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from importlib.metadata import EntryPoint
from pathlib import Path

from pluggable.component import ENTRY_POINT_GROUP


def package(
    folder: Path, name: str, code: str, types: Mapping[str, str], extras: Mapping[str, str] | None = None
) -> list[EntryPoint]:
    """
    Write a package with one module that is found when the folder is on the path; return what it announces.

    ``types`` says which class serves a type, ``extras`` which requirement an extra has.
    """
    (folder / f"{name}.py").write_text(textwrap.dedent(code))
    about = folder / f"{name}-1.0.dist-info"
    about.mkdir()
    lines = ["Metadata-Version: 2.1", f"Name: {name}", "Version: 1.0"]
    for extra, requirement in (extras or {}).items():
        lines += [f"Provides-Extra: {extra}", f'Requires-Dist: {requirement}; extra == "{extra}"']
    (about / "METADATA").write_text("\n".join(lines) + "\n")
    points = [EntryPoint(type_, f"{name}:{cls}", ENTRY_POINT_GROUP) for type_, cls in types.items()]
    announced = "".join(f"{point.name} = {point.value}\n" for point in points)
    (about / "entry_points.txt").write_text(f"[{ENTRY_POINT_GROUP}]\n{announced}")
    return points
