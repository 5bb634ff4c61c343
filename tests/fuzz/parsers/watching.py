"""Runs a target's worker and watches it: what it found, of what it died, and at which input it stopped."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import tempfile
from asyncio.subprocess import PIPE
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.fuzz.parsers.worker import HEAD, NOTES_BYTES

#: An input that takes longer hangs; one that takes as long on a busy machine is looked at all the same.
HANG_SECONDS: Final = 30.0
#: More than this is no cache that fills.
GROWTH_BYTES: Final = 32 * 1024 * 1024
_ROOT: Final = Path(__file__).parents[3]


@dataclass(slots=True, kw_only=True)
class Found:
    """What became of a target's inputs; an input that did harm is in hexadecimal."""

    inputs: int = 0
    crashes: dict[str, str] = field(default_factory=dict)
    hangs: list[str] = field(default_factory=list)
    grown_bytes: int = 0

    @property
    def faults(self) -> list[str]:
        """What is wrong, in words."""
        told = [f"{place}, of {data[:2000]}" for place, data in self.crashes.items()]
        told += [f"it hung at {data[:2000]}" for data in self.hangs]
        if self.grown_bytes > GROWTH_BYTES:
            told.append(f"it grew by {self.grown_bytes} bytes in {self.inputs} inputs")
        return told


async def watched(
    name: str,
    seconds: float,
    seed: str = "",
    *,
    worker: str = "tests.fuzz.parsers.worker",
    hang_seconds: float = HANG_SECONDS,
) -> Found:
    """Feed a target for so long in a process of its own; it is ended at its first hang."""
    with tempfile.NamedTemporaryFile(prefix="pl-notes-") as notes:
        notes.truncate(NOTES_BYTES)
        command = (sys.executable, "-m", worker, name, str(seconds), seed, notes.name)
        process = await asyncio.create_subprocess_exec(*command, cwd=_ROOT, stdout=PIPE, stderr=PIPE)
        telling = asyncio.create_task(process.communicate())
        try:
            await _end(telling, Path(notes.name), hang_seconds)
        except TimeoutError:
            process.kill()
            await telling
            number, data = _at_work(Path(notes.name))
            return Found(inputs=number, hangs=[data])
        out, err = await telling
        if process.returncode == 0:
            return Found(**json.loads(out))
        number, data = _at_work(Path(notes.name))
        return Found(inputs=number, crashes={_death(process.returncode, err.decode()): data})


async def _end(telling: asyncio.Task[tuple[bytes, bytes]], notes: Path, seconds: float) -> None:
    """
    Wait for the end of the process.

    Raises:
        TimeoutError: it has not come to its next input for too long.
    """
    before = -1
    while not telling.done():
        await asyncio.wait({telling}, timeout=seconds)
        number, _ = _at_work(notes)
        if number == before and not telling.done():
            raise TimeoutError
        before = number


def _at_work(notes: Path) -> tuple[int, str]:
    data = notes.read_bytes()
    number, size = HEAD.unpack_from(data)
    return number, data[HEAD.size : HEAD.size + size].hex()


def _death(status: int | None, said: str) -> str:
    if status is not None and status < 0:
        return f"died of {signal.Signals(-status).name}"
    return f"ended with {status}: {said[-2000:]}"
