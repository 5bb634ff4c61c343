"""The process that ``pluggable dev`` starts again and again: ``… devchild TOLD WORD FOLDER TYPE …``."""

from __future__ import annotations

import sys
from pathlib import Path

from ..dev import Parent, run_watched
from .serve import load


def main() -> int:
    """Serve the types, whose classes can be imported from the current directory too."""
    told, word, folder, *types = sys.argv[1:]
    sys.path.insert(0, str(Path.cwd()))
    return run_watched(lambda: load(types), Path(folder) if folder else None, Parent(int(told), int(word)))


if __name__ == "__main__":
    sys.exit(main())
