"""Running a sidecar, from its settings to its exit status."""

from __future__ import annotations

import logging
from contextlib import AsyncExitStack

from .config import RuntimeConfig
from .fatal import FatalError
from .forkserver import ForkServer
from .groundwork import lay
from .openfiles import allow_many
from .order import Order

logger: logging.Logger = logging.getLogger(__name__)


async def run(config: RuntimeConfig, server: ForkServer | None = None) -> int:
    """
    Run a sidecar until it is told to stop, and return daprd's exit status: 0, or 1 after a fatal error.

    The ``server`` forks its components.
    """
    allow_many()
    order = Order()
    order.listen_to_signals()
    try:
        async with AsyncExitStack() as stack:
            groundwork = await lay(config, stack, server)
            from .sidecar import build  # in the time that the children take to start

            sidecar = await build(groundwork, order, stack)
            return await sidecar.live()
    except FatalError as error:
        order.no_more()
        logger.critical("Fatal error from runtime: %s", error)
        return 1
    finally:
        order.no_more()
