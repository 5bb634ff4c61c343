"""The way to the application: what is asked of it, and by which protocol."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ..config import RuntimeConfig
from ..middleware import Pipeline
from .base import (
    Answer as Answer,
    AppChannel as AppChannel,
    AppConfig as AppConfig,
    BindingAnswer as BindingAnswer,
    BulkEntry as BulkEntry,
    BulkEvent as BulkEvent,
    NoApp as NoApp,
    TopicEvent as TopicEvent,
    Verdict as Verdict,
)
from .errors import (
    AppAnswerError as AppAnswerError,
    AppError as AppError,
    AppTimedOutError as AppTimedOutError,
    AppUnhealthyError as AppUnhealthyError,
    AppUnreachableError as AppUnreachableError,
)
from .health import AppHealth as AppHealth
from .http import HTTPAppChannel as HTTPAppChannel


@asynccontextmanager
async def app_channel(config: RuntimeConfig, pipeline: Pipeline | None = None) -> AsyncIterator[AppChannel]:
    """
    Open the channel that the configuration describes: over HTTP or gRPC, or to nobody where no port is set.

    What goes over HTTP goes through the pipeline.
    """
    if not config.app_port:
        yield NoApp(config)
    elif config.app_protocol in ("grpc", "grpcs"):
        from .grpc import GRPCAppChannel  # with its messages, which other applications need not

        async with GRPCAppChannel(config) as grpc_channel:
            yield grpc_channel
    else:
        async with HTTPAppChannel(config, pipeline) as channel:
            yield channel
