"""Programs that a test needs beside Python."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

#: Modules may have to be fetched first.
BUILD_SECONDS = 600


def needed(program: str) -> str:
    """Return the program's path; without it the test is skipped, or fails under CI."""
    if found := shutil.which(program):
        return found
    if os.environ.get("CI") == "true":
        pytest.fail(f"{program} is not installed, and under CI nothing is skipped")
    pytest.skip(f"{program} is not installed")


def go_built(module: Path, package: str, binary: Path) -> Path:
    """Build a package of a Go module and return the program."""
    built = subprocess.run(
        [needed("go"), "build", "-o", binary, package],
        cwd=module,
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    return binary
