"""Dapr's HTTP API: a server, a router, and handlers that turn requests into calls of the blocks."""

from __future__ import annotations

from ...blocks import Blocks
from ...config import RuntimeConfig
from ...middleware import Pipeline
from ...telemetry import Telemetry
from .bindings import BindingHandlers
from .configuration import ConfigurationHandlers
from .controlplane import ActorHandlers, JobHandlers
from .conversation import ConversationHandlers
from .cors import CORS
from .crypto import CryptoHandlers
from .health import HealthHandlers, MetricHandlers, Shutdown, ShutdownHandlers
from .invoke import InvokeHandlers
from .lock import LockHandlers
from .metadata import MetadataHandlers
from .owner import Routes
from .piped import Piped
from .publish import PublishHandlers
from .request import Request as Request, Response as Response
from .router import Router as Router
from .secrets import SecretHandlers
from .server import HTTPServer as HTTPServer
from .state import StateHandlers


def routes(
    blocks: Blocks,
    config: RuntimeConfig,
    telemetry: Telemetry,
    *,
    shutdown: Shutdown,
    pipeline: Pipeline | None = None,
) -> Routes:
    """
    Return the whole API, behind the pipeline if there is one.

    ``shutdown`` is called after a request for it has been answered.
    """
    router = Router(
        token=config.dapr_api_token,
        requests=telemetry.http_requests if config.enable_metrics else None,
        errors=telemetry.errors,
        log_calls=bool(config.enable_api_logging),
        access=config.access,
    )
    StateHandlers(blocks.state).add_to(router)
    PublishHandlers(blocks.publishing, config.app_id).add_to(router)
    BindingHandlers(blocks.bindings).add_to(router)
    InvokeHandlers(blocks.invocation, config.max_body_bytes).add_to(router)
    SecretHandlers(blocks.secrets).add_to(router)
    JobHandlers(blocks.jobs).add_to(router)
    ActorHandlers(blocks.actors).add_to(router)
    ConfigurationHandlers(blocks.configuration).add_to(router)
    LockHandlers(blocks.lock).add_to(router)
    ConversationHandlers(blocks.conversation).add_to(router)
    CryptoHandlers(blocks.crypto).add_to(router)
    MetadataHandlers(blocks.metadata).add_to(router)
    HealthHandlers(blocks.health, config.app_id).add_to(router)
    ShutdownHandlers(shutdown).add_to(router)
    handle: Routes = Piped(router, pipeline) if pipeline else router
    return CORS(handle, config.allowed_origins) if config.allowed_origins else handle


def public_routes(blocks: Blocks, config: RuntimeConfig) -> Router:
    """Return what the public port answers: health and metadata, without a token."""
    router = Router(access=config.access)
    MetadataHandlers(blocks.metadata).add_to(router)
    HealthHandlers(blocks.health, config.app_id).add_to(router)
    return router


def metric_routes(telemetry: Telemetry) -> Router:
    """Return what the metrics port answers."""
    router = Router()
    MetricHandlers(telemetry).add_to(router)
    return router


def server(routes: Routes, config: RuntimeConfig) -> HTTPServer:
    """Return a server for what answers requests, with the configured limits; it listens when told to."""
    return HTTPServer(
        routes,
        max_body_bytes=config.max_body_bytes,
        read_buffer_bytes=config.read_buffer_bytes,
        streams=routes.streams,
    )
