"""What the sidecar was told at start: one value, parsed once, passed down."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from .access import ALL_OPEN, Access


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeConfig:
    """The sidecar's settings; the names are those of daprd's flags."""

    app_id: str
    namespace: str = ""
    """From ``NAMESPACE``; empty when it is unset, and then resources' namespaces do not count."""
    app_port: int = 0
    """0: there is no application to call."""
    app_protocol: str = "http"
    app_channel_address: str = "127.0.0.1"
    app_max_concurrency: int = 0
    app_api_token: str = field(default="", repr=False)
    dapr_api_token: str = field(default="", repr=False)
    http_port: int = 3500
    grpc_port: int = 50001
    internal_grpc_port: int = 0
    """0: any free port."""
    public_port: int = 0
    """0: no public port. ``/v1.0/healthz`` and ``/v1.0/metadata`` only."""
    metrics_port: int = 9090
    enable_metrics: bool = True
    ports_file: Path | None = None
    """Where the ports are written as soon as they are taken, for who left their choice to the sidecar."""
    listen_addresses: tuple[str, ...] = ("127.0.0.1",)
    public_listen_address: str = "127.0.0.1"
    internal_listen_address: str = "127.0.0.1"
    metrics_listen_address: str = "127.0.0.1"
    resources_paths: tuple[Path, ...] = ()
    config_paths: tuple[Path, ...] = ()
    mode: str = "standalone"
    log_level: str = "info"
    log_as_json: bool = False
    access: Access = ALL_OPEN
    """Which parts of the API are open; the configuration says it."""
    enable_api_logging: bool | None = None
    """``None``: as the configuration says."""
    max_body_bytes: int = 4 * 1024 * 1024
    read_buffer_bytes: int = 4 * 1024
    allowed_origins: str | None = None
    graceful_shutdown_seconds: float = 5.0
    block_shutdown_seconds: float | None = None
    disabled_init_endpoints: frozenset[str] = frozenset()
    """Of ``config`` and ``subscribe``."""
    app_binding_options_timeout_seconds: float = 3.0
    enable_app_health_check: bool = False
    app_health_check_path: str = "/healthz"
    app_health_probe_interval_seconds: float = 5.0
    app_health_probe_timeout_seconds: float = 0.5
    app_health_threshold: int = 3
    sockets_folder: Path | None = None
    """Where strangers' sockets are; ``None``: the default folder, which must be ours or root's."""
    components_wait_seconds: float | None = None
    """How long start waits for a type that nobody serves yet; ``None``: the component's ``initTimeout``."""
    placement_addresses: tuple[str, ...] = ()
    """Of actor placement services; none: actors are off."""
    scheduler_addresses: tuple[str, ...] = ()
    """Of scheduler services; none: jobs and reminders are off."""
    log_file: Path | None = None
    """Where logs go instead of to standard output."""
    unused_flags: tuple[str, ...] = ()
    """Flags that were given and mean nothing to this sidecar, for one line in the log."""
