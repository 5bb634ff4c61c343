"""
A process that serves installed component types on one socket, for the sidecar that started it.

``python -m pluggable.serving.child --socket PATH --lifeline FD --type state.sqlite --type …``
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, Sequence
from functools import cache, partial
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Final, TextIO

from .. import logs
from ..component import ENTRY_POINT_GROUP, Component
from ..errors import ComponentError
from .running import run, serve_child

#: What cannot be loaded cannot be loaded the next time either: who started this process need not try again.
CANNOT_LOAD: Final = 3
CANNOT_SERVE: Final = 1


class CannotLoadError(Exception):
    """A type cannot be served by this installation; the text says what to do."""


def main(arguments: Sequence[str]) -> int:
    """Serve until a signal, or until the pipe of the sidecar ends."""
    parent, sys.stdout = sys.stdout, sys.stderr  # what a component prints is for the log
    options = _options(arguments)
    logs.setup(as_json=True, level=int(options.get("--log-level", [str(logging.INFO)])[0]))
    types = options["--type"]
    name = types[0].partition("/")[0].partition(".")[2]
    lifeline = int(options["--lifeline"][0]) if "--lifeline" in options else None
    try:
        offered = load(types)
        run(serve_child(name, offered, Path(options["--socket"][0]), lifeline, ready=partial(_tell, parent)))
    except CannotLoadError as error:
        sys.stderr.write(f"{error}\n")
        return CANNOT_LOAD
    except ComponentError as error:
        sys.stderr.write(f"{error}\n")
        return CANNOT_SERVE
    return 0


def _tell(parent: TextIO) -> None:
    """Write the one line that the parent waits for; all else goes to standard error."""
    parent.write("ready\n")
    parent.flush()


def load(types: Sequence[str]) -> list[type[Component]]:
    """
    Import the classes of installed types; one class that serves several of them comes once.

    Raises:
        CannotLoadError: a type is not installed, or what it needs is not.
    """
    found: dict[type[Component], None] = {}
    for type_ in types:
        if (point := installed().get(type_)) is None:
            raise CannotLoadError(
                f"type {type_} is not installed; installed are {', '.join(sorted(installed()))}"
            )
        try:
            found[point.load()] = None
        except ImportError as error:
            raise CannotLoadError(_missing(point, error)) from error
        except AttributeError as error:
            raise CannotLoadError(f"type {type_} cannot be loaded from {point.value}: {error}") from error
    return list(found)


@cache
def installed() -> Mapping[str, EntryPoint]:
    """Return what the packages announced when this was first asked."""
    return {point.name: point for point in entry_points(group=ENTRY_POINT_GROUP)}


def _missing(point: EntryPoint, error: ImportError) -> str:
    """Say what to install so that a type can be loaded."""
    sentence = f"type {point.name} cannot be loaded: {error}"
    if point.dist is None or not error.name:
        return sentence
    package = error.name.partition(".")[0]
    for requirement in point.dist.requires or ():
        needed = re.match(r"[A-Za-z0-9._-]+", requirement)
        extra = re.search(r"""extra\s*==\s*['"]([^'"]+)""", requirement)
        if needed and extra and needed[0].replace("-", "_").lower() == package.lower():
            return f"{sentence}; install it with: pip install '{point.dist.name}[{extra[1]}]'"
    return f"{sentence}; install the package that has {package}"


def _options(arguments: Sequence[str]) -> dict[str, list[str]]:
    """Return the values of each option; the caller is our own sidecar, which does not misspell them."""
    options: dict[str, list[str]] = {}
    for name, value in zip(arguments[::2], arguments[1::2], strict=True):
        options.setdefault(name, []).append(value)
    return options


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
