"""What to start: one application with its sidecar, as a value."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from .ports import Ports

#: What ``dapr init`` made, which is used when no resources are given.
DAPR_HOME = Path(".dapr")
LOCALHOST = "127.0.0.1"
EMBEDDED_RESOURCES = Path(__file__).parent / "defaults"


class LaunchError(Exception):
    """What was asked for cannot be started; the text says what was found and what was wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """An application, or only a sidecar when there is no command. A port of 0 is chosen by the sidecar."""

    app_id: str
    command: tuple[str, ...] = ()
    directory: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    app_port: int = 0
    app_protocol: str = "http"
    http_port: int = 0
    grpc_port: int = 0
    metrics_port: int = 0
    resources_paths: tuple[Path, ...] = ()
    config_paths: tuple[Path, ...] = ()
    flags: tuple[str, ...] = ()
    """Further flags of the sidecar, as written."""

    def named_ports(self) -> dict[str, int]:
        """The sidecar's ports that were asked for, by what they are for."""
        ports = {"HTTP": self.http_port, "gRPC": self.grpc_port, "metrics": self.metrics_port}
        return {what: port for what, port in ports.items() if port}


def check_ports(apps: Sequence[App]) -> None:
    """
    See that the ports which were named can be had, each once; the others the sidecars choose themselves.

    Raises:
        LaunchError: a port that was named is taken.
    """
    with ExitStack() as holders:
        for app in apps:
            for what, port in app.named_ports().items():
                try:
                    holders.enter_context(socket.create_server((LOCALHOST, port)))
                except OSError as error:
                    raise LaunchError(
                        f"{app.app_id}: {what} port {port} cannot be used: {os.strerror(error.errno or 0)}; "
                        "name another, or none for a free one"
                    ) from error


def sidecar_arguments(app: App, home: Path) -> list[str]:
    """Return the flags for the sidecar; without resources ``dapr init``'s or the embedded."""
    resources = app.resources_paths or (default_resources(home),)
    configs = app.config_paths
    if not configs and (home / DAPR_HOME / "config.yaml").is_file():
        configs = (home / DAPR_HOME / "config.yaml",)
    arguments = [
        f"--app-id={app.app_id}",
        f"--dapr-http-port={app.http_port}",
        f"--dapr-grpc-port={app.grpc_port}",
        f"--metrics-port={app.metrics_port}",
        f"--app-protocol={app.app_protocol}",
    ]
    if app.app_port:
        arguments.append(f"--app-port={app.app_port}")
    arguments += [f"--resources-path={path}" for path in resources]
    arguments += [f"--config={path}" for path in configs]
    return [*arguments, *app.flags]


def default_resources(home: Path) -> Path:
    """Return the folder used when none is given."""
    initialised = home / DAPR_HOME / "components"
    return initialised if initialised.is_dir() else EMBEDDED_RESOURCES


def app_environment(app: App, ports: Ports, inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the application's environment: inherited, how to reach its sidecar, its own."""
    told = {
        "APP_CHANNEL_ADDRESS": _flag(app, "app-channel-address") or LOCALHOST,
        "APP_ID": app.app_id,
        "APP_PROTOCOL": app.app_protocol,
        "DAPR_HTTP_PORT": str(ports.http),
        "DAPR_GRPC_PORT": str(ports.grpc),
        "DAPR_METRICS_PORT": str(ports.metrics),
    }
    if app.app_port:
        told["APP_PORT"] = str(app.app_port)
    return {"PYTHONUNBUFFERED": "1", **inherited, **told, **app.environment}


def api_host(app: App) -> str:
    """Return where on this machine the sidecar's APIs are."""
    addresses = _flag(app, "dapr-listen-addresses") or ""
    first = addresses.partition(",")[0].strip().strip("[]")
    return LOCALHOST if first in ("", "0.0.0.0", "::") else first


def _flag(app: App, name: str) -> str | None:
    """Return what the last of the further flags of this name says."""
    prefix = f"--{name}="
    return next((f.removeprefix(prefix) for f in reversed(app.flags) if f.startswith(prefix)), None)
