"""When the sidecar begins anew: at a signal, or when a Configuration among its resources matters."""

from __future__ import annotations

import asyncio
import logging

from .groundwork import FaultyFilesError, Groundwork, configured
from .order import Order
from .resources import Changes, Configuration

logger: logging.Logger = logging.getLogger(__name__)


class Renewal:
    """Watches over the order to begin anew: it is obeyed only with a configuration that can be read."""

    def __init__(self, groundwork: Groundwork, order: Order) -> None:
        self._work = groundwork
        self._order = order

    async def told(self) -> None:
        """Wait until told to stop, or to begin anew."""
        stopped = asyncio.create_task(self._order.stop.wait())
        again = asyncio.create_task(self._again())
        try:
            await asyncio.wait({stopped, again}, return_when=asyncio.FIRST_COMPLETED)
            if again.done():
                again.result()
        finally:
            stopped.cancel()
            again.cancel()

    async def _again(self) -> None:
        while True:
            await self._order.reload.wait()
            self._order.reload.clear()
            if await self._configured() is not None:
                return

    async def heed(self, batch: Changes) -> None:
        """Log which configurations changed, and have all begin anew if what ``--config`` says has, too."""
        news = [
            *(("added", each) for each in batch.added.configurations),
            *(("changed", each) for each in batch.changed.configurations),
            *(("removed", each) for each in batch.removed.configurations),
        ]
        for what, each in news:
            logger.info("Configuration %s was %s among the resources [%s]", each, what, each.origin)
        if not news or batch is self._work.first or (found := await self._configured()) is None:
            return
        if found == self._work.configuration:
            logger.info("what --config says has not changed, so nothing begins anew")
        else:
            self._order.reload.set()

    async def _configured(self) -> Configuration | None:
        """Return the configuration as it is now; if it cannot be read, what runs goes on."""
        try:
            return await asyncio.to_thread(configured, self._work.config)
        except FaultyFilesError as error:
            logger.error("nothing is reloaded: %s", error)  # noqa: TRY400  the text says it all
            return None
