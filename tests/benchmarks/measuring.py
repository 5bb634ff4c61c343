"""Measuring: a load generator is told how long to work, and processes are asked what that cost them."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from .processes import OTHER_CORE, cpu_us, running


class BenchmarkError(Exception):
    """A load generator ended: an answer was wrong, or a process is not there; its last words say it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What one piece of work showed."""

    work: str
    side: str
    at_once: int
    size: int
    requests: int
    failed: int
    """Of these, how many were refused as the server's own fault."""
    seconds: float
    cpu_us: float
    """CPU of a request, in µs, of the processes that were measured."""
    p50_ms: float
    p99_ms: float

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds


class Loader:
    """A load generator that is ready."""

    def __init__(
        self, process: asyncio.subprocess.Process, work: str, side: str, at_once: int, size: int
    ) -> None:
        self._process = process
        self._work = work
        self._side = side
        self._at_once = at_once
        self._size = size

    async def sample(self, seconds: float, pids: Sequence[int]) -> Sample:
        """
        Have it work so long, and return what that cost these processes.

        Raises:
            BenchmarkError: an answer was wrong.
        """
        assert self._process.stdin is not None
        before = sum(map(cpu_us, pids))
        self._process.stdin.write(f"{seconds}\n".encode())
        line = await self.line()
        used = sum(map(cpu_us, pids)) - before
        await self.line()
        told = json.loads(line)
        return Sample(
            work=self._work,
            side=self._side,
            at_once=self._at_once,
            size=self._size,
            cpu_us=used / told["requests"],
            **told,
        )

    async def line(self) -> bytes:
        """Return the next line that it writes."""
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line:
            raise BenchmarkError(f"{self._work}, {self._side}: the load generator ended, see above")
        return line


@asynccontextmanager
async def loader(*command: str, work: str, side: str, at_once: int, size: int) -> AsyncIterator[Loader]:
    """Start a load generator and wait until it is ready."""
    async with running(*command, str(at_once), str(size), core=OTHER_CORE, talks=True) as process:
        started = Loader(process, work, side, at_once, size)
        await started.line()
        yield started


def python_load(kind: str, port: int, store: str, operation: str) -> tuple[str, ...]:
    """Return the command of a load generator of ours, but for its last arguments."""
    return (sys.executable, "-m", f"tests.benchmarks.load.{kind}", str(port), store, operation)
