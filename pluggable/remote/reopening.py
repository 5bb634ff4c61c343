"""Streams that are opened again whenever they end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import NoReturn

from .backoff import LAST_SECONDS, Backoff
from .connection import Connection

logger: logging.Logger = logging.getLogger(__name__)


async def reopened(
    connection: Connection, source: str, backoff: Backoff, stream_ended: Callable[[], Awaitable[str]]
) -> NoReturn:
    """
    Run one stream after the other until cancelled.

    ``stream_ended`` runs one to its end and returns why it ended. One that lasted, or that its owner saw
    succeed and so reset the backoff, is opened again soon.
    """
    loop = asyncio.get_running_loop()
    while True:
        begun = loop.time()
        reason = await stream_ended()
        if loop.time() - begun > LAST_SECONDS:
            backoff.reset()
        delay = backoff.delay()
        logger.warning("%s: the stream ended, opened again in %g s: %s", source, delay, reason)
        await asyncio.sleep(delay)
        await connection.passable()
