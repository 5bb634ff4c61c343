"""Tests that share a server run in one process, as their group says, and not each process its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

GROUPED: Final = """
import os
from pathlib import Path

import pytest

@pytest.mark.xdist_group("server")
@pytest.mark.parametrize("number", range(8))
def test_grouped(number):
    Path(f"{number}.ran").write_text(str(os.getpid()))
"""


def test_tests_of_a_group_run_in_one_process(tmp_path: Path) -> None:
    (tmp_path / "test_grouped.py").write_text(GROUPED)
    pytest = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    apart = ["-c", "/dev/null", "--rootdir", "."]

    done = subprocess.run(
        [*pytest, *apart, "-n", "2", "--dist", "loadgroup", "test_grouped.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    processes = [path.read_text() for path in tmp_path.glob("*.ran")]
    assert len(processes) == 8
    assert len(set(processes)) == 1
