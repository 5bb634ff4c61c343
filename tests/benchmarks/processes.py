"""Processes of a benchmark: each on a core of its own, and what it has cost so far."""

from __future__ import annotations

import asyncio
import contextlib
import os
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

#: Where what is measured runs, and where all else does.
MEASURED_CORE = 0
OTHER_CORE = max(os.sched_getaffinity(0))
ENDING_SECONDS = 10
MEBIBYTE = 1024 * 1024


@asynccontextmanager
async def running(
    *command: str,
    core: int,
    environment: Mapping[str, str] | None = None,
    talks: bool = False,
    keeps: Sequence[int] = (),
    log: Path | None = None,
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a command on one core, Go programs with as many threads; one that ``talks`` is read and written."""
    with contextlib.ExitStack() as stack:
        output = PIPE if talks else stack.enter_context(log.open("ab")) if log else DEVNULL
        process = await asyncio.create_subprocess_exec(
            *("taskset", "--cpu-list", str(core), *command),
            stdin=PIPE if talks else DEVNULL,
            stdout=output,
            stderr=None if talks else output,
            env={**os.environ, "GOMAXPROCS": "1", **(environment or {})},
            pass_fds=keeps,
        )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(ENDING_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


def pin(pid: int, core: int) -> None:
    """Have all threads of a process run on one core, and those that it will start."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(task.name), {core})


def descendants(pid: int) -> list[int]:
    """Return the processes that one has started, and that those have."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in map(int, (task / "children").read_text().split()):
            found += [child, *descendants(child)]
    return found


def cpu_us(pid: int) -> float:
    """Return what all threads of a process have used, in µs."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            total += int((task / "schedstat").read_text().split()[0])
        except FileNotFoundError:  # a thread that has just ended
            continue
    return total / 1000


def pss(pid: int) -> int:
    """Return the proportional set size of a process in bytes: shared pages count in part."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise ValueError(f"the system does not say how much memory process {pid} has")
