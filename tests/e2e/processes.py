"""Processes that are not ours to wait for, watched by the kernel's own handle."""

from __future__ import annotations

import asyncio
import os


class Ending:
    """
    The end of a process that runs now; who waits is woken by it, and no other process can be mistaken for it.

    A handle is taken at once, so this must be made while the process is known to be the right one.
    """

    def __init__(self, pid: int) -> None:
        self._handle = os.pidfd_open(pid)
        self._over = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._handle, self._ended)

    def _ended(self) -> None:
        self._loop.remove_reader(self._handle)
        os.close(self._handle)
        self._over.set()

    async def wait(self, seconds: float = 10.0) -> None:
        """Return when it has ended."""
        async with asyncio.timeout(seconds):
            await self._over.wait()
