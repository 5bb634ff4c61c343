"""What the sidecar is told, by signals and by its API."""

from __future__ import annotations

import asyncio
import logging
import signal

logger: logging.Logger = logging.getLogger(__name__)


class Order:
    """What the sidecar was told: to begin anew, to stop, to stop at once."""

    def __init__(self) -> None:
        self.stop: asyncio.Event = asyncio.Event()
        self.force: asyncio.Event = asyncio.Event()
        self.reload: asyncio.Event = asyncio.Event()

    def listen_to_signals(self) -> None:
        """Stop at SIGINT or SIGTERM, at once at the second; begin anew at SIGHUP."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._signalled)
        loop.add_signal_handler(signal.SIGHUP, self.reload.set)

    @staticmethod
    def no_more() -> None:
        """
        Heed no further signal: what ends the sidecar is decided, and its exit status with it.

        A signal that comes while the loop is closed, or after, would end the process by itself.
        """
        loop = asyncio.get_running_loop()
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        signal.pthread_sigmask(signal.SIG_BLOCK, numbers)  # for one must not come between the next two lines
        for number in numbers:
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_IGN)

    def _signalled(self) -> None:
        if self.stop.is_set():
            self.force.set()
        self.stop.set()

    def by_api(self, force: bool) -> None:
        """Stop because a caller of the API asked for it."""
        if force:
            logger.warning("Force shutdown requested, exiting immediately without graceful shutdown")
            self.force.set()
        else:
            logger.info("Shutdown requested via API")
        self.stop.set()
