"""``servers/SETTINGS.md`` is what the components say of themselves."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "servers" / "settings_table.py"


def test_table_is_what_describe_prints() -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--check"], capture_output=True, text=True, check=False, cwd=ROOT
    )

    assert done.returncode == 0, done.stderr


def test_every_bundled_type_is_in_the_table() -> None:
    headings = [
        line for line in (SCRIPT.parent / "SETTINGS.md").read_text().splitlines() if line[:3] == "## "
    ]

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert headings == [f"## `{type_}`" for type_ in sorted(project["entry-points"]["pluggable.components"])]
