"""``pluggable serve``: components on sockets in the shared folder, for any sidecar to find."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path

from ..component import Component
from ..errors import ComponentError
from ..serving import serve


def options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "types",
        nargs="+",
        metavar="TYPE",
        help="an installed type, such as state.sqlite, or one to import: state.mine=package.module:Class",
    )
    parser.add_argument(
        "--folder",
        type=Path,
        help="where the sockets go; default: $DAPR_COMPONENTS_SOCKETS_FOLDER, else a folder in /tmp",
    )


def run(arguments: argparse.Namespace) -> int:
    """Serve until a signal comes; types of one name share a socket."""
    try:
        serve(load(arguments.types), folder=arguments.folder)
    except ComponentError as error:
        sys.stderr.write(f"pluggable serve: {error}\n")
        return 1
    return 0


def load(types: Sequence[str]) -> dict[str, list[type[Component]]]:
    """
    Import the classes, by socket name.

    Raises:
        ComponentError: a type is not installed, or its class cannot be imported; the text says what to do.
    """
    installed = {point.name: point for point in entry_points(group="pluggable.components")}
    found: dict[str, list[type[Component]]] = {}
    for word in types:
        type_, _, target = word.partition("=")
        block, _, name = type_.partition(".")
        if not block or not name:
            raise ComponentError(f"{word} is not a type; wanted is <block>.<name>, such as state.sqlite")
        try:
            if target:
                module, _, attribute = target.partition(":")
                cls = getattr(import_module(module), attribute)
            elif type_ in installed:
                cls = installed[type_].load()
            else:
                raise ComponentError(
                    f"type {type_} is not installed; installed are {', '.join(sorted(installed))}"
                )
        except (ImportError, AttributeError) as error:
            raise ComponentError(f"type {word} cannot be imported: {error}") from error
        found.setdefault(name, []).append(cls)
    return found
