"""Every bundled component with what it needs around it, for both kinds of suites: one module a backend."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import Final

from .case import Case

CASES: Final[dict[str, Case]] = {
    case.type: case
    for module in sorted(iter_modules(__path__), key=lambda each: each.name)
    if module.name != "case"
    for case in import_module(f"{__name__}.{module.name}").CASES
}
