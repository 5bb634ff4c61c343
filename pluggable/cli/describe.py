"""``pluggable describe``: what a component is and which settings it has, for people, tools and YAML."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ..describing import FORMATS, SEPARATORS, describe
from ..serving.child import CannotLoadError
from .serve import named


def options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "types",
        nargs="+",
        metavar="TYPE",
        help="an installed type, such as state.sqlite, or one to import, from the current directory too: "
        "state.mine=package.module:Class",
    )
    parser.add_argument(
        "--format",
        choices=FORMATS,
        default="text",
        help="text, a summary; metadata, contrib's metadata.yaml; component, a Component to fill in; "
        "markdown, a table; default: text",
    )


def run(arguments: argparse.Namespace) -> int:
    """Print what there is to tell of each type; the exit code is 1 if one cannot be loaded."""
    sys.path.insert(0, str(Path.cwd()))
    try:
        sys.stdout.write(described(arguments.types, arguments.format))
    except (CannotLoadError, TypeError) as error:
        sys.stderr.write(f"pluggable describe: {error}\n")
        return 1
    return 0


def described(words: Sequence[str], form: str) -> str:
    """
    Return the descriptions of types, in one of the forms.

    Raises:
        CannotLoadError: a type is not installed, or its class cannot be imported.
        TypeError: its settings cannot be described.
    """
    texts = [FORMATS[form](describe(*named(word))) for word in words]
    return SEPARATORS.get(form, "\n").join(texts)
