"""The table of ``servers/README.md`` is true: every type, its extra, its features, upstream's suite."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Final

import pytest

from pluggable.cli.serve import named
from pluggable.component import Component, features_of
from tests.conformance.cases import CASES

ROOT: Final = Path(__file__).parents[2]
PROJECT: Final = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
TYPES: Final = PROJECT["entry-points"]["pluggable.components"]
NONE: Final = "\N{EN DASH}"


def rows() -> dict[str, list[str]]:
    """Return the cells behind the first one, by type."""
    found: dict[str, list[str]] = {}
    for line in (ROOT / "servers" / "README.md").read_text().splitlines():
        if line.startswith("| `"):
            first, *cells = (cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1])
            found |= dict.fromkeys(re.findall(r"`([^`]+)`", first), cells)
    return found


ROWS: Final = rows()


def test_every_bundled_type_has_a_row() -> None:
    assert sorted(ROWS) == sorted(TYPES)


@pytest.mark.parametrize("type_", TYPES)
def test_row_is_true(type_: str) -> None:
    _backend, _library, extra, features, suite, _wire = ROWS[type_]
    component: type[Component] = named(type_)[1]
    case = CASES[type_.replace("/v2", "-v2")]

    told = set(re.findall(r"[A-Z_]{3,}", features.partition(" with ")[0].partition(" unless ")[0]))
    conditional = " with `" in features or " unless `" in features
    assert extra == NONE or extra.strip("`") in PROJECT["optional-dependencies"]
    assert conditional or told == set(features_of(component))
    assert suite == ("passes" if case.suites else "has none")
