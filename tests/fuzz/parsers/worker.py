"""
Feeds one target in a process that may die of it: ``… worker TARGET SECONDS SEED NOTES``.

The input at work is in the file of notes, so that who watches can tell of which one the process died.
"""

from __future__ import annotations

import asyncio
import gc
import json
import mmap
import struct
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Final

from tests.fuzz.parsers.mutation import LONGEST, pieces
from tests.fuzz.parsers.targets import TARGETS, Target, corpus

#: The number of the input at work, and its size, before the input itself.
HEAD: Final = struct.Struct(">QI")
NOTES_BYTES: Final = HEAD.size + LONGEST
#: So many inputs make the caches full; what grows after them is a leak.
WARM_INPUTS: Final = 500
#: What goes wrong at every turn need not be told more often.
_MOST_FAULTS: Final = 20


class Notes:
    """The input at work, for who watches."""

    def __init__(self, path: Path) -> None:
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), NOTES_BYTES)

    def put(self, number: int, data: bytes) -> None:
        """Say which input is fed next."""
        self._map[HEAD.size : HEAD.size + len(data)] = data
        self._map[: HEAD.size] = HEAD.pack(number, len(data))


def resident_bytes() -> int:
    """Return how much memory this process has now."""
    gc.collect()
    fields = Path("/proc/self/statm").read_text().split()
    return int(fields[1]) * mmap.PAGESIZE


async def work(
    target: Target, committed: Sequence[bytes], random: Random, seconds: float, notes: Notes
) -> dict[str, object]:
    """Feed the corpus, then what is made of it, and return what became of it."""
    crashes: dict[str, str] = {}
    number = warm = 0
    async with target.open() as feed:
        end = time.monotonic() + seconds
        while time.monotonic() < end and len(crashes) < _MOST_FAULTS:
            first = number < len(committed)
            data = committed[number] if first else target.mutate(random, committed)
            notes.put(number, data)
            number += 1
            try:
                await feed([data] if first else pieces(random, data))
            except Exception as error:  # noqa: BLE001  whatever it is, it is what we look for
                crashes.setdefault(_place(error), data.hex())
            if number == WARM_INPUTS:
                warm = resident_bytes()
    grown = resident_bytes() - warm if warm else 0
    return {"inputs": number, "crashes": crashes, "grown_bytes": grown}


def _place(error: BaseException) -> str:
    """Return what went wrong and where, the same for inputs that fail alike."""
    frames = traceback.extract_tb(error.__traceback__)
    last = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "nowhere"
    return f"{type(error).__name__} at {last}: {str(error)[:200]}"


def main() -> None:
    """Work as the arguments say, and print what was found as JSON."""
    name, seconds, seed, notes = sys.argv[1:]
    random = Random(f"{name}{seed}")
    found = asyncio.run(work(TARGETS[name], corpus(name), random, float(seconds), Notes(Path(notes))))
    print(json.dumps(found))  # noqa: T201  this is how the one that watches learns of it


if __name__ == "__main__":
    main()
