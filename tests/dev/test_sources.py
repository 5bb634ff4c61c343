from __future__ import annotations

import json
import sys
from importlib import import_module, util
from pathlib import Path
from types import ModuleType

import pytest

from pluggable.dev.sources import changed, look, own_files


def loaded(path: Path) -> ModuleType:
    """Return the module that a file is."""
    spec = util.spec_from_file_location(f"made_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_installed_modules_are_not_the_authors(tmp_path: Path) -> None:
    (tmp_path / "mine.py").touch()
    modules = [json, pytest, import_module("pluggable.state"), sys, loaded(tmp_path / "mine.py")]

    assert own_files(modules) == {tmp_path / "mine.py"}


def test_package_counts_with_all_that_is_in_it(tmp_path: Path) -> None:
    package = tmp_path / "mine"
    (package / "deeper").mkdir(parents=True)
    for path in (package / "__init__.py", package / "later.py", package / "deeper" / "still.py"):
        path.touch()

    assert own_files([loaded(package / "__init__.py")]) == {
        package / "__init__.py",
        package / "later.py",
        package / "deeper" / "still.py",
    }


@pytest.mark.parametrize("text", ["WORD = b2'", "WORD = nothing"])
def test_file_that_fails_counts(tmp_path: Path, text: str) -> None:
    path = tmp_path / "broken.py"
    path.write_text(text)

    with pytest.raises((SyntaxError, NameError)) as caught:
        loaded(path)

    assert path in own_files([], caught.value)


def test_file_is_new_other_or_gone(tmp_path: Path) -> None:
    same, other, gone, new = (tmp_path / name for name in ("same.py", "other.py", "gone.py", "new.py"))
    for path in (same, other, gone):
        path.write_text("1")
    before = look([same, other, gone, new])
    other.write_text("22")
    gone.unlink()
    new.touch()

    assert changed(before, look([same, other, gone, new])) == [gone, new, other]
