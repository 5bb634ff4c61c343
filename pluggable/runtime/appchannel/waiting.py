"""Waiting for the application to listen."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable

#: Pauses between looks whether the application listens: the first, and the longest.
FIRST_LOOK_SECONDS = 0.05
LONGEST_LOOK_SECONDS = 0.5

#: How long a look may take whether somebody listens.
LOOK_SECONDS = 0.5

logger: logging.Logger = logging.getLogger(__name__)


async def until_listening(port: int, connectable: Callable[[], Awaitable[bool]]) -> None:
    """Return once somebody takes connections there, however long that takes."""
    if not await connectable():
        logger.info(
            "waiting for application to listen on port %d. "
            "This will block until the app is listening on that port.",
            port,
        )
        pause = FIRST_LOOK_SECONDS  # a port that opens tells nobody, so there is nothing else to wait on
        while not await connectable():
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_LOOK_SECONDS)
    logger.info("application discovered on port %d", port)


async def listens(host: str, port: int, tls: ssl.SSLContext | None = None) -> bool:
    """Whether somebody takes connections there; what they speak, the first call will tell."""
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            _, writer = await asyncio.open_connection(host, port, ssl=tls)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True
