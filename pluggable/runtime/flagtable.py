"""The flags that daprd takes (dapr/dapr ``cmd/daprd/options/options.go``), and the few of our own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ..metadata import parse_duration, parse_quantity


@dataclass(frozen=True, slots=True)
class Flag:
    """How a flag's text is read, and which setting it is; ``None``: accepted, and of no effect here."""

    setting: str | None
    read: Callable[[str], Any] = str
    wanted: str = "a text"
    help: str = ""
    switch: bool = False
    """True when it stands alone, false only as ``=false``."""
    many: bool = False
    """A comma list, and may be given again."""


def _port(text: str) -> int:
    if not text:
        return 0
    port = int(text)
    if not 0 <= port <= 65535:
        raise ValueError(text)
    return port


def seconds(text: str) -> float:
    """Return a Go duration in seconds; a bare number has no unit, and is none, unless it is 0."""
    if text.strip().lstrip("+-").isdigit() and int(text) != 0:
        raise ValueError(text)
    if not text.strip():
        raise ValueError(text)
    return parse_duration(text).total_seconds()


def _milliseconds(text: str) -> float:
    return int(text) / 1000


def _one_of(*choices: str, default: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        word = text.lower() or default
        if word not in choices:
            raise ValueError(text)
        return word

    return read


def _log_level(text: str) -> str:
    word = {"warning": "warn"}.get(text.lower(), text.lower())
    return _one_of("debug", "info", "warn", "error", "fatal", default="info")(word)


def _every(text: str) -> str:
    return text or "0.0.0.0"  # an empty address is every address, as in daprd


def _path(text: str) -> Path | None:
    return Path(text) if text else None


def _text(setting: str | None, help: str = "", wanted: str = "a text") -> Flag:
    return Flag(setting, help=help, wanted=wanted)


def _number(setting: str | None, help: str = "", read: Callable[[str], Any] = int) -> Flag:
    return Flag(setting, read, "an integer", help)


def _time(setting: str | None, help: str = "") -> Flag:
    return Flag(setting, seconds, "a duration such as 1m30s or 500ms", help)


def _port_flag(setting: str | None, help: str = "") -> Flag:
    return Flag(setting, _port, "a port from 0 to 65535", help)


def _list(setting: str | None, help: str = "") -> Flag:
    return Flag(setting, wanted="a list separated by commas", help=help, many=True)


def _switch(setting: str | None, help: str = "") -> Flag:
    return Flag(setting, wanted="true or false", help=help, switch=True)


_ADDRESS: Final = "an address to listen on"
_SIZE: Final = "a size such as 4Mi, 512k or 4194304"
_PROTOCOLS: Final = ("http", "https", "grpc", "grpcs", "h2c")
#: A flag that is combined with others before it is a setting.
_COMBINED: Final = ""

FLAGS: Final[dict[str, Flag]] = {
    "app-id": _text("app_id", "the application's name"),
    "app-port": _port_flag("app_port", "where the application listens"),
    "app-protocol": Flag(
        "app_protocol",
        _one_of(*_PROTOCOLS, default="http"),
        f"one of {', '.join(_PROTOCOLS)}",
        "how the application is called: " + ", ".join(_PROTOCOLS),
    ),
    "app-channel-address": _text("app_channel_address", "the host on which the application listens"),
    "app-max-concurrency": _number("app_max_concurrency", "calls to the application at once; -1: any number"),
    "app-ssl": _switch(_COMBINED),
    "resources-path": _list(_COMBINED, "folder or file with Component and Subscription YAML; repeatable"),
    "components-path": _list(_COMBINED),
    "config": _list(_COMBINED, "file with Configuration YAML; repeatable, later ones override"),
    "dapr-http-port": _port_flag("http_port", "the HTTP API's port"),
    "dapr-grpc-port": _port_flag("grpc_port", "the gRPC API's port"),
    "dapr-internal-grpc-port": _port_flag("internal_grpc_port", "the port for other sidecars"),
    "dapr-public-port": _port_flag("public_port", "a port for health and metadata only"),
    "metrics-port": _port_flag("metrics_port", "the port of /metrics"),
    "dapr-listen-addresses": _list("listen_addresses", "addresses for the HTTP and gRPC APIs"),
    "dapr-internal-grpc-listen-address": Flag("internal_listen_address", _every, _ADDRESS),
    "dapr-public-listen-address": Flag("public_listen_address", _every, _ADDRESS),
    "metrics-listen-address": Flag("metrics_listen_address", _every, _ADDRESS),
    "enable-metrics": _switch("enable_metrics", "whether /metrics is served"),
    "mode": Flag(
        "mode", _one_of("standalone", "kubernetes", default="standalone"), "standalone or kubernetes"
    ),
    "log-level": Flag(
        "log_level", _log_level, "one of debug, info, warn, error, fatal", "debug, info, warn, error or fatal"
    ),
    "log-as-json": _switch("log_as_json", "log a JSON object a line"),
    "log-file": Flag("log_file", _path, "a path", "log into this file"),
    "enable-api-logging": _switch("enable_api_logging", "log each call of the API"),
    "max-body-size": Flag("max_body_bytes", parse_quantity, _SIZE, "largest body of a request, such as 4Mi"),
    "dapr-http-max-request-size": _number(_COMBINED),
    "read-buffer-size": Flag(
        "read_buffer_bytes", parse_quantity, _SIZE, "largest head of a request, such as 4Ki"
    ),
    "dapr-http-read-buffer-size": _number(_COMBINED),
    "allowed-origins": _text("allowed_origins", "origins that CORS allows, separated by commas"),
    "dapr-graceful-shutdown-seconds": _number(
        "graceful_shutdown_seconds", "how long what is under way may take at the end", float
    ),
    "dapr-block-shutdown-duration": _time("block_shutdown_seconds", "go on serving so long after SIGTERM"),
    "disable-init-endpoints": _list(_COMBINED, "of config and subscribe, what the application is not asked"),
    "app-binding-options-timeout": _time(
        "app_binding_options_timeout_seconds", "how long the application may take to say it wants a binding"
    ),
    "enable-app-health-check": _switch("enable_app_health_check", "probe the application"),
    "app-health-check-path": _text("app_health_check_path", "the path that is probed"),
    "app-health-probe-interval": _number(
        "app_health_probe_interval_seconds", "seconds between probes", float
    ),
    "app-health-probe-timeout": _number(
        "app_health_probe_timeout_seconds", "milliseconds a probe may take", _milliseconds
    ),
    "app-health-threshold": _number(
        "app_health_threshold", "failed probes until the application is unhealthy"
    ),
    "placement-host-address": _list("placement_addresses"),
    "scheduler-host-address": _list("scheduler_addresses"),
    "ports-file": Flag(
        "ports_file", _path, "a path", "write the ports into this file, as JSON, once they are taken"
    ),
    "sockets-folder": Flag("sockets_folder", _path, "a path", "where components' sockets are"),
    "components-wait": _time(
        "components_wait_seconds", "how long start waits for a type that nobody serves yet"
    ),
    # Known, so that a command line made for daprd works; nothing here depends on them.
    "actors-disseminate-timeout": _time(None),
    "actors-service": _text(None),
    "build-info": _switch(None),
    "control-plane-address": _text(None),
    "control-plane-namespace": _text(None),
    "control-plane-trust-domain": _text(None),
    "disable-builtin-k8s-secret-store": _switch(None),
    "enable-mtls": _switch(None),
    "enable-profiling": _switch(None),
    "hot-reload-reconcile-interval": _time(None),
    "profile-port": _port_flag(None),
    "reminders-service": _text(None),
    "scheduler-job-streams": _number(None),
    "sentry-address": _text(None),
    "sentry-request-jwt-audiences": _list(None),
    "unix-domain-socket": _text(None),
    "version": _switch(None),
    "wait": _switch(None),
}
