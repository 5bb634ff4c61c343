"""What one process says, and how it ends with what it started."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from pluggable._lines import LINE_BYTES
from pluggable.launch.process import Process


class Said(list[str]):
    """Lines said, with a way to wait for one."""

    def __init__(self) -> None:
        super().__init__()
        self._news = asyncio.Event()

    def __call__(self, line: str) -> None:
        self.append(line)
        self._news.set()

    async def first(self) -> str:
        """Wait for the first line."""
        async with asyncio.timeout(10):
            await self._news.wait()
        return self[0]


async def spawn(script: str, say: Said) -> Process:
    return await Process.spawn(["sh", "-c", script], prefix="> ", say=say, environment=os.environ)


async def test_every_line_has_the_prefix() -> None:
    said = Said()
    process = await spawn("echo one; echo two >&2; printf '\\377 three'", said)

    assert await process.wait() == 0
    await process.end(signal.SIGTERM, 1)
    assert said == ["> one", "> two", "> \N{REPLACEMENT CHARACTER} three"]


async def test_endless_line_comes_in_pieces() -> None:
    said = Said()
    length = 5 * LINE_BYTES
    command = [sys.executable, "-c", f"print('x' * {length}); print('end')"]
    process = await Process.spawn(command, prefix="> ", say=said, environment=os.environ)

    assert await process.wait() == 0
    await process.end(signal.SIGTERM, 1)
    assert said[-1] == "> end"
    assert len(said) > 3
    assert sum(len(line) - 2 for line in said[:-1]) == length


async def test_who_stays_is_killed() -> None:
    said = Said()
    process = await spawn("trap 'echo no' TERM; echo up; while :; do sleep 0.1; done", said)
    assert await said.first() == "> up"

    await process.end(signal.SIGTERM, 0.5)

    assert process.status == -signal.SIGKILL
    assert await process.wait() == 128 + signal.SIGKILL
    assert "> no" in said


@pytest.mark.slow
async def test_ending_does_not_wait_for_who_left_the_group() -> None:
    said = Said()
    process = await spawn("setsid sh -c 'echo $$; exec sleep 60' & wait", said)
    pid = (await said.first()).removeprefix("> ")
    try:
        async with asyncio.timeout(10):
            await process.end(signal.SIGTERM, 1)
    finally:
        with suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)


async def test_what_cannot_start_leaves_nothing_open() -> None:
    before = open_files()

    with pytest.raises(FileNotFoundError):
        await Process.spawn(["no-such-command"], prefix="", say=print, environment={})

    assert open_files() <= before


def open_files() -> int:
    """Count what is open, without what earlier tests left to the collector."""
    gc.collect()
    return len(list(Path("/dev/fd").iterdir()))
