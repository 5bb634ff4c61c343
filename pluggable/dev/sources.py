"""Which files a component is made of, and whether they change."""

from __future__ import annotations

import os
import sys
import sysconfig
import traceback
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Final

#: What tells a file from what it was: when it was written, and how much.
Look = tuple[int, int]

_OURS: Final = Path(__file__).parents[1]
_INSTALLED: Final = tuple(
    Path(path).resolve()
    for name, path in sysconfig.get_paths().items()
    if name in ("stdlib", "platstdlib", "purelib", "platlib")
)


def is_own(path: Path) -> bool:
    """Return whether a file is the author's: neither installed nor Python's nor a part of this package."""
    return path.is_file() and not any(path.is_relative_to(folder) for folder in (*_INSTALLED, _OURS))


def own_files(modules: Iterable[ModuleType], error: BaseException | None = None) -> set[Path]:
    """
    Return the author's files among these modules: a package's with all that is in it, loaded yet or not.

    What an error came from counts too: a module that failed is not among those that are loaded.
    """
    found = {Path(file).resolve() for module in modules if (file := getattr(module, "__file__", None))}
    if error is not None:
        found |= {Path(file).resolve() for file in _files_of(error)}
    own = {path for path in found if is_own(path)}
    packages = {path.parent for path in own if (path.parent / "__init__.py").is_file()}
    return own | {path.resolve() for folder in packages for path in folder.rglob("*.py")}


def loaded_files(error: BaseException | None = None) -> set[Path]:
    """Return the author's files that this process has loaded, and where its error came from."""
    return own_files(tuple(sys.modules.values()), error)


def look(files: Iterable[Path]) -> dict[Path, Look]:
    """Return what each file is now; those that are not there are left out."""
    found = {}
    for path in files:
        try:
            about = os.stat(path)
        except OSError:
            continue
        found[path] = (about.st_mtime_ns, about.st_size)
    return found


def changed(before: dict[Path, Look], now: dict[Path, Look]) -> list[Path]:
    """Return the files that are new, other than before, or gone."""
    return sorted(path for path in before.keys() | now.keys() if before.get(path) != now.get(path))


def _files_of(error: BaseException) -> set[str]:
    found: set[str] = set()
    seen: BaseException | None = error
    while seen is not None:
        found |= {frame.filename for frame in traceback.extract_tb(seen.__traceback__)}
        if isinstance(seen, SyntaxError) and seen.filename:
            found.add(seen.filename)
        seen = seen.__cause__ or seen.__context__
    return found
