"""The way to the application: what is asked of it, and by which protocol."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ..config import RuntimeConfig
from .base import (
    Answer as Answer,
    AppAnswerError as AppAnswerError,
    AppChannel as AppChannel,
    AppConfig as AppConfig,
    AppError as AppError,
    AppTimedOutError as AppTimedOutError,
    AppUnreachableError as AppUnreachableError,
    BulkEntry as BulkEntry,
    BulkEvent as BulkEvent,
    NoApp as NoApp,
    TopicEvent as TopicEvent,
    Verdict as Verdict,
)
from .http import HTTPAppChannel as HTTPAppChannel

logger: logging.Logger = logging.getLogger(__name__)


@asynccontextmanager
async def app_channel(config: RuntimeConfig) -> AsyncIterator[AppChannel]:
    """Open the channel that the configuration describes: over HTTP, or to nobody where no port is set."""
    if not config.app_port:
        yield NoApp()
    elif config.app_protocol == "http":
        async with HTTPAppChannel(config) as channel:
            yield channel
    else:
        logger.error(
            "app-protocol is %s, but applications can be called over http only: this one gets no messages "
            "and no events; its own calls to the sidecar are served",
            config.app_protocol,
        )
        yield NoApp()
