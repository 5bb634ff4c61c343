"""Projects for a test."""

from __future__ import annotations

from pathlib import Path

from pluggable.cli.version import version
from pluggable.scaffold import KINDS, Naming, make_project


def made(folder: Path, kind: str, name: str = "acme.thing") -> tuple[Path, Naming]:
    """Make a project of this kind in a folder of its name."""
    naming = Naming.of(KINDS[kind].block, name)
    make_project(KINDS[kind], naming, folder / name, version=version())
    return folder / name, naming
