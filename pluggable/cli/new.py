"""``pluggable new``: a project for a component, which works before its author has written a line."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ..scaffold import KINDS, Naming, ScaffoldError, make_project
from .version import version

_BLOCKS = sorted({kind.block for kind in KINDS.values()})
_DIRECTIONS = ("input", "output", "both")


def options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("block", choices=_BLOCKS, help="what it is")
    parser.add_argument("name", help="what it is called, such as my-store; its type is state.my-store then")
    parser.add_argument(
        "--direction", choices=_DIRECTIONS, help="of a binding, where events go; default: both"
    )
    parser.add_argument("--folder", type=Path, help="where the project goes; default: a folder of its name")


def run(arguments: argparse.Namespace) -> int:
    """Write the project and say what comes next; the exit code is 1 if it cannot be made."""
    folder = arguments.folder or Path(arguments.name)
    try:
        kind = KINDS[_kind(arguments.block, arguments.direction)]
        naming = Naming.of(kind.block, arguments.name)
        written = make_project(kind, naming, folder, version=_least(version()))
    except ScaffoldError as error:
        sys.stderr.write(f"pluggable new: {error}\n")
        return 1
    for path in written:
        sys.stdout.write(f"{folder / path}\n")
    sys.stdout.write(
        f"\n{naming.type} is in {folder / naming.package / 'component.py'}; "
        f"{folder / 'README.md'} says how to go on.\n"
    )
    return 0


def _kind(block: str, direction: str | None) -> str:
    """
    Return the name of the kind.

    Raises:
        ScaffoldError: what is no binding has no direction.
    """
    if direction is None or (block == "bindings" and direction == "both"):
        return block
    if block != "bindings":
        raise ScaffoldError(f"--direction is for bindings; leave it out for {block}")
    return f"{block}-{direction}"


def _least(version: str) -> str:
    """Return the release that a version is, or is on its way from."""
    return version.partition("+")[0]
