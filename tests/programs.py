"""Programs that a test needs beside Python."""

from __future__ import annotations

import os
import shutil

import pytest


def needed(program: str) -> str:
    """Return the program's path; without it the test is skipped, or fails under CI."""
    if found := shutil.which(program):
        return found
    if os.environ.get("CI") == "true":
        pytest.fail(f"{program} is not installed, and under CI nothing is skipped")
    pytest.skip(f"{program} is not installed")
