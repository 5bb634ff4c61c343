"""
Writes ``servers/SETTINGS.md``: what ``pluggable describe`` tells of each bundled type, as tables.

``python servers/settings_table.py`` writes it; with ``--check`` it only says whether it is as it must be.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Final

from pluggable.cli.describe import described

ROOT: Final = Path(__file__).parents[1]
FILE: Final = ROOT / "servers" / "SETTINGS.md"
HEAD: Final = """\
# Settings of the bundled components

What may stand under `spec.metadata`; names count in any case.
A duration is written as in Go, `1m30s` or `500ms`, and a size as in Kubernetes, `64Ki` or `4M`.
A secret is best given by `secretKeyRef`.

`make settings` writes this file, from what `pluggable describe --format markdown` prints of each type.

"""


def main() -> int:
    """Write the file, or return 1 if it is to be written."""
    text = HEAD + described(types(), "markdown")
    if "--check" not in sys.argv[1:]:
        FILE.write_text(text)
        return 0
    if FILE.is_file() and FILE.read_text() == text:
        return 0
    sys.stderr.write(f"{FILE} does not tell what the components do; write it with: make settings\n")
    return 1


def types() -> list[str]:
    """Return the bundled types, by block."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return sorted(project["entry-points"]["pluggable.components"])


if __name__ == "__main__":
    sys.exit(main())
