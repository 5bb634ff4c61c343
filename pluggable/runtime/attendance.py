"""
Attending to the application: asking once what it wants, then calling it for as long as it is well.

Source: dapr/dapr ``pkg/runtime/runtime.go``.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from .appchannel import AppChannel, AppConfig, AppError
from .config import RuntimeConfig
from .inputs import InputBindings
from .probes import probe
from .subscriptions import Subscriptions

#: How long start waits for brokers to confirm subscriptions; most strangers never say.
SUBSCRIBED_SECONDS = 0.5

logger: logging.Logger = logging.getLogger(__name__)


class Attendance:
    """
    Opens subscriptions and input bindings while the application is well, and halts them while it is not.

    ``told`` hears what the application says of itself. ``close`` must be awaited.
    """

    def __init__(
        self,
        channel: AppChannel,
        subscriptions: Subscriptions,
        inputs: InputBindings,
        config: RuntimeConfig,
        told: Callable[[AppConfig], None],
    ) -> None:
        self._channel = channel
        self._subscriptions = subscriptions
        self._inputs = inputs
        self._config = config
        self._told = told
        self._met = False
        self._tasks: list[asyncio.Task[None]] = []

    async def begin(self) -> None:
        """
        Wait until the application listens; return once it is called, or, where it is probed, once that began.

        So health tells that the sidecar is ready while an application that is probed is not.
        """
        await self._channel.wait_for_app()
        if not self._channel.health.probed:
            await self._resume()
            return
        self._tasks = [
            asyncio.create_task(probe(self._channel, self._config), name="probing the application"),
            asyncio.create_task(self._follow(), name="following the application's health"),
        ]

    async def close(self) -> None:
        """Probe no more, and begin nothing."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _follow(self) -> None:
        """Resume whenever the application becomes well, also while it is being asked, and halt otherwise."""
        health = self._channel.health
        while True:
            await health.until(healthy=True)
            resuming = asyncio.create_task(self._resume(), name="resuming the application")
            resuming.add_done_callback(_tell)
            try:
                await health.until(healthy=False)
            finally:
                resuming.cancel()
                await asyncio.wait({resuming})
            self._subscriptions.halt()
            self._inputs.halt()

    async def _resume(self) -> None:
        """Ask what the application wants, and begin to call it."""
        if not self._met:
            await self._meet()
            self._met = True
        await self._inputs.probe()
        self._subscriptions.open()
        self._inputs.open()
        await self._subscriptions.ready(SUBSCRIBED_SECONDS)

    async def _meet(self) -> None:
        try:
            self._told(await self._channel.config())
        except AppError as error:
            logger.warning("the application's configuration is not used: %s", error)
            self._told(AppConfig())
        await self._subscriptions.load_programmatic()


def _tell(resuming: asyncio.Task[None]) -> None:
    if not resuming.cancelled() and (error := resuming.exception()) is not None:
        logger.error("the application cannot be called: %s", error, exc_info=error)
