"""Writing a project: what all have in common, and what its kind adds, with the names put in."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath
from string import Template
from typing import Final

from .kinds import Kind
from .naming import Naming, ScaffoldError

_SUFFIX: Final = ".in"
#: Begins the name of a template whose file is hidden: package data with a dot is easily left out of a wheel.
_HIDDEN: Final = "dot-"
#: The folder that becomes the Python package.
_PACKAGE: Final = "package"


def make_project(kind: Kind, naming: Naming, folder: Path, *, version: str) -> list[Path]:
    """
    Write a project into a folder that is not there yet, and return its files, relative to it.

    ``version`` is the least that it asks of this package.

    Raises:
        ScaffoldError: the folder is there already, or cannot be made.
    """
    words = _words(kind, naming, version)
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise ScaffoldError(f"{folder} is there already; choose another name, or --folder") from None
    except OSError as error:
        raise ScaffoldError(f"{folder} cannot be made: {error.strerror or error}") from error
    written = []
    try:
        for template, path in _templates(kind, naming):
            written.append(path)
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(Template(template.read_text(encoding="utf-8")).substitute(words))
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise ScaffoldError(f"{folder} cannot be written: {error.strerror or error}") from error
    return sorted(written)


def _words(kind: Kind, naming: Naming, version: str) -> dict[str, str]:
    """Return what is put into the templates."""
    return {
        "name": naming.name,
        "type": naming.type,
        "package": naming.package,
        "cls": naming.cls,
        "container": naming.container,
        "block": kind.block,
        "noun": kind.noun,
        "a_noun": f"an {kind.noun}" if kind.noun[0] in "aeiou" else f"a {kind.noun}",
        "here": _yaml(kind.here),
        "deployed": _yaml(kind.deployed),
        "deployed_indented": _yaml(kind.deployed, indent=4),
        "properties": "".join(f" --property {name}={value}" for name, value in kind.here.items()),
        "says": f"== APP == {kind.says}",
        "app_port": f" --app-port {kind.app_port}" if kind.app_port else "",
        "version": version,
    }


def _yaml(properties: Mapping[str, str], *, indent: int = 0) -> str:
    """Return what stands behind ``metadata:`` in a Component."""
    if not properties:
        return " []"
    margin = " " * (indent + 4)
    items = properties.items()
    return "".join(f"\n{margin}- name: {key}\n{margin}  value: {json.dumps(value)}" for key, value in items)


def _templates(kind: Kind, naming: Naming) -> Iterator[tuple[Traversable, Path]]:
    """Yield each template with the file that it becomes."""
    root = files(__package__) / "templates"
    for each in ("common", kind.templates):
        for template, path in _below(root / each, PurePosixPath()):
            yield template, Path(*(_part(part, naming) for part in path.parts))


def _below(folder: Traversable, path: PurePosixPath) -> Iterator[tuple[Traversable, PurePosixPath]]:
    for each in folder.iterdir():
        if each.is_dir():
            yield from _below(each, path / each.name)
        elif each.name.endswith(_SUFFIX):
            yield each, path / each.name.removesuffix(_SUFFIX)


def _part(part: str, naming: Naming) -> str:
    """Return a part of a file's path in the project."""
    if part == _PACKAGE:
        return naming.package
    return f".{part.removeprefix(_HIDDEN)}" if part.startswith(_HIDDEN) else part
