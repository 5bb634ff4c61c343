"""Running a sidecar, from its settings to its exit status."""

from __future__ import annotations

import logging
from contextlib import AsyncExitStack

from .children.forkserver import ForkServer
from .children.supervisor import Supervisor
from .config import RuntimeConfig
from .fatal import FatalError
from .groundwork import lay
from .openfiles import allow_many
from .order import Order
from .reserving import Reservation

logger: logging.Logger = logging.getLogger(__name__)


async def run(
    config: RuntimeConfig, server: ForkServer | None = None, reservation: Reservation | None = None
) -> int:
    """
    Run a sidecar until it is told to stop, and return daprd's exit status: 0, or 1 after a fatal error.

    Told to reload, it reads all its files again and begins anew, with the same ports and the processes of its
    components. The ``server`` forks those; the ``reservation`` keeps the ports until they are served.
    """
    allow_many()
    order = Order()
    order.listen_to_signals()
    try:
        async with Supervisor(server=server) as supervisor:
            while True:
                async with AsyncExitStack() as stack:
                    groundwork = await lay(config, supervisor)
                    from .sidecar import build  # in the time that the children take to start

                    sidecar = await build(groundwork, order, stack, reservation)
                    config = sidecar.listeners.settled(config)
                    status = await sidecar.live()
                if status is not None:
                    return status
                order.reload.clear()
    except FatalError as error:
        order.no_more()
        logger.critical("Fatal error from runtime: %s", error)
        return 1
    finally:
        if reservation is not None:
            reservation.close()
        order.no_more()
