"""Dapr's gRPC API: handlers that turn messages into calls of the blocks."""

from __future__ import annotations

from collections.abc import Callable

from ....transport import Handlers
from ...appchannel import AppChannel
from ...blocks import Blocks
from ...config import RuntimeConfig
from ...subscriptions import Subscriptions
from ...telemetry import Telemetry
from .actors import ActorCalls
from .bindings import BindingCalls
from .metadata import MetadataCalls
from .publish import PublishCalls
from .rare import add_rare
from .secrets import SecretCalls
from .service import Service, unknown as unknown, unknown_inside as unknown_inside
from .state import StateCalls
from .streaming import StreamingCalls


def handlers(
    blocks: Blocks,
    config: RuntimeConfig,
    telemetry: Telemetry,
    *,
    shutdown: Callable[[bool], None],
    subscriptions: Subscriptions | None = None,
) -> Handlers:
    """Return the handlers by path; ``unknown`` answers the rest of the service."""
    service = Service(
        token=config.dapr_api_token,
        calls=telemetry.grpc_calls if config.enable_metrics else None,
        errors=telemetry.errors,
        log_calls=bool(config.enable_api_logging),
        access=config.access,
    )
    StateCalls(blocks.state).add_to(service)
    PublishCalls(blocks.publishing).add_to(service)
    BindingCalls(blocks.bindings).add_to(service)
    SecretCalls(blocks.secrets).add_to(service)
    MetadataCalls(blocks.metadata, shutdown).add_to(service)
    ActorCalls(blocks.actors).add_to(service)
    add_rare(blocks, service, config.max_body_bytes)
    if subscriptions is not None:
        StreamingCalls(subscriptions).add_to(service)
    return service.handlers


def internal_handlers(app: AppChannel, config: RuntimeConfig) -> Handlers:
    """Return what other sidecars may ask: to call the application."""
    from ...invocation.serving import Serving

    return Serving(app, config.max_body_bytes).handlers
