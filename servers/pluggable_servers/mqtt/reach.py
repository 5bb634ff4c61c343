"""Whether a broker can be reached, and why not."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from typing import Final

from pluggable.errors import UnavailableError

from ..trust import objection
from .errors import FAILURES, unreachable
from .settings import MQTTSettings

DIAL_SECONDS: Final = 5.0


async def dial(settings: MQTTSettings) -> None:
    """
    See that something listens where the broker should be, without being a client of it.

    Raises:
        ComponentError: nothing does.
    """
    host, port = settings.address
    try:
        async with asyncio.timeout(DIAL_SECONDS):
            _, writer = await asyncio.open_connection(host, port)
    except FAILURES as error:
        raise unreachable(error, f"{host}:{port}") from error
    writer.close()
    with suppress(*FAILURES):
        await writer.wait_closed()


async def explained(
    error: UnavailableError, settings: MQTTSettings, context: ssl.SSLContext | None
) -> UnavailableError:
    """Return the same error with the reason, if the broker does not trust us; paho knows of none."""
    why = await objection(*settings.address, context) if context is not None else ""
    return UnavailableError(f"{error}; {why}" if why else str(error))
