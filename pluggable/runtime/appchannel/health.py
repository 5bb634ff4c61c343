"""Whether the application is well, as far as its probes say."""

from __future__ import annotations

import asyncio

from .errors import AppUnhealthyError


class AppHealth:
    """
    Whether the application is well, for who would call it; who waits for a change is told.

    An application that is not probed always is; one that is probed is not until a probe says so.
    """

    def __init__(self, *, probed: bool) -> None:
        self.probed: bool = probed
        self.healthy: bool = not probed
        self._changed = asyncio.Event()

    def check(self) -> None:
        """
        Return if the application may be called.

        Raises:
            AppUnhealthyError: it fails its health checks.
        """
        if not self.healthy:
            raise AppUnhealthyError

    def report(self, *, healthy: bool) -> None:
        """Take note of how the application is."""
        if healthy is not self.healthy:
            self.healthy = healthy
            self._changed.set()
            self._changed = asyncio.Event()

    async def until(self, *, healthy: bool) -> None:
        """Wait until the application is well, or until it is not."""
        while self.healthy is not healthy:
            await self._changed.wait()
