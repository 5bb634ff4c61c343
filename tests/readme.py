"""The README, cut into its blocks; one behind ``<!-- file: NAME -->`` is a file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
README: Final = (ROOT / "README.md").read_text()

_BLOCK: Final = re.compile(
    r"(?:<!-- file: (?P<file>\S+) -->\n)?```(?P<language>\w+)\n(?P<text>.*?)```\n", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block."""

    language: str
    text: str
    file: str | None

    def write(self, folder: Path) -> None:
        """Write it as the file that it is."""
        assert self.file is not None
        path = folder / self.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.text)


def blocks(text: str) -> list[Block]:
    """Return the blocks of a text in Markdown."""
    return [Block(found["language"], found["text"], found["file"]) for found in _BLOCK.finditer(text)]


BLOCKS: Final = blocks(README)


def write_files(folder: Path) -> None:
    """Write all the files that the README shows."""
    for block in BLOCKS:
        if block.file is not None:
            block.write(folder)
