"""Reading ``dapr.yaml``, the file that lists several applications to run together."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from .plan import App, LaunchError

#: Fields of an application whose value becomes a flag of the sidecar, by their name in the file.
FLAGS = {
    "appChannelAddress": "app-channel-address",
    "appHealthCheckPath": "app-health-check-path",
    "appHealthProbeInterval": "app-health-probe-interval",
    "appHealthProbeTimeout": "app-health-probe-timeout",
    "appHealthThreshold": "app-health-threshold",
    "appMaxConcurrency": "app-max-concurrency",
    "apiListenAddresses": "dapr-listen-addresses",
    "enableApiLogging": "enable-api-logging",
    "enableAppHealthCheck": "enable-app-health-check",
    "logLevel": "log-level",
    "maxBodySize": "max-body-size",
    "readBufferSize": "read-buffer-size",
    "daprInternalGRPCPort": "dapr-internal-grpc-port",
    "placementHostAddress": "placement-host-address",
    "schedulerHostAddress": "scheduler-host-address",
}
#: Fields that are read otherwise.
READ = {
    "appID",
    "appDirPath",
    "appPort",
    "appProtocol",
    "command",
    "env",
    "daprHTTPPort",
    "daprGRPCPort",
    "metricsPort",
    "resourcesPath",
    "resourcesPaths",
    "configFilePath",
}
#: Fields that say nothing to us: logs go to the console, and the rest is for containers and profilers.
IGNORED = {
    "appLogDestination",
    "daprdLogDestination",
    "containerImage",
    "containerImagePullPolicy",
    "createService",
    "debugPort",
    "profilePort",
    "enableProfiling",
    "unixDomainSocket",
}
#: Where an application keeps its own resources and configuration, if nothing is said.
APP_RESOURCES = Path(".dapr", "resources")
APP_CONFIG = Path(".dapr", "config.yaml")


def read_run_file(path: Path) -> list[App]:
    """
    Return the applications of a ``dapr.yaml`` (or of the one in a folder), paths resolved against its folder.

    Raises:
        LaunchError: the file cannot be read or has faults, all of which are named.
    """
    path = path / "dapr.yaml" if path.is_dir() else path
    try:
        document = yaml.load(path.read_text(), Loader=yaml.CSafeLoader)
    except (OSError, UnicodeDecodeError) as error:
        raise LaunchError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from error
    except yaml.YAMLError as error:
        raise LaunchError(f"{path}: is not YAML: {error}") from error
    if not isinstance(document, dict) or not isinstance(document.get("apps"), list) or not document["apps"]:
        raise LaunchError(f"{path}: apps is missing; a list of applications is wanted")
    faults: list[str] = []
    common = _mapping(document.get("common"), f"{path}: common", faults)
    apps = [
        _app(path.parent, common, _mapping(item, where, faults), where, faults)
        for index, item in enumerate(document["apps"])
        if (where := f"{path}: apps[{index}]")
    ]
    names = [app.app_id for app in apps]
    faults += [
        f"{path}: appID {name} is there twice" for name in sorted({n for n in names if names.count(n) > 1})
    ]
    if faults:
        raise LaunchError("; ".join(faults))
    return apps


def _app(
    folder: Path, common: Mapping[str, Any], own: Mapping[str, Any], where: str, faults: list[str]
) -> App:
    """Read one application, what it does not say coming from the common part."""
    fields = {**common, **own}
    known = FLAGS.keys() | READ | IGNORED
    faults += [f"{where}: unknown field {name}" for name in sorted(fields.keys() - known)]
    if not fields.get("appDirPath"):
        faults.append(f"{where}: appDirPath is missing")
    directory = _resolved(folder, fields.get("appDirPath") or ".")
    if not directory.is_dir():
        faults.append(f"{where}: appDirPath {directory} is not a folder")
    command = fields.get("command") or []
    if not isinstance(command, list):
        faults.append(f"{where}: command is {command!r}; a list of words is wanted")
        command = []
    environment = {
        **_mapping(common.get("env"), f"{where}: env", faults),
        **_mapping(own.get("env"), f"{where}: env", faults),
    }
    return App(
        app_id=str(fields.get("appID") or directory.name),
        command=tuple(str(word) for word in command),
        directory=directory,
        environment={name: _text(value) for name, value in environment.items()},
        app_port=_port(fields, "appPort", where, faults),
        app_protocol=str(fields.get("appProtocol") or "http"),
        http_port=_port(fields, "daprHTTPPort", where, faults),
        grpc_port=_port(fields, "daprGRPCPort", where, faults),
        metrics_port=_port(fields, "metricsPort", where, faults),
        resources_paths=_resources(folder, directory, common, own),
        config_paths=_configs(folder, directory, common, own),
        flags=tuple(f"--{flag}={_text(fields[name])}" for name, flag in FLAGS.items() if name in fields),
    )


def _mapping(value: Any, where: str, faults: list[str]) -> dict[str, Any]:
    """Return a mapping with names for keys; nothing is an empty one."""
    if isinstance(value, dict):
        return {str(name): each for name, each in value.items()}
    if value is not None:
        faults.append(f"{where} is {value!r}; a mapping is wanted")
    return {}


def _port(fields: Mapping[str, Any], name: str, where: str, faults: list[str]) -> int:
    value = fields.get(name) or 0
    if isinstance(value, int) and 0 <= value < 65536:
        return value
    faults.append(f"{where}: {name} is {value!r}; a port from 1 to 65535 is wanted")
    return 0


def _resources(
    folder: Path, directory: Path, common: Mapping[str, Any], own: Mapping[str, Any]
) -> tuple[Path, ...]:
    """Return the application's resources: named by it, in its folder, or named for all."""
    if found := _paths(folder, own, "resourcesPaths", "resourcesPath"):
        return found
    if (conventional := directory / APP_RESOURCES).is_dir():
        return (conventional,)
    return _paths(folder, common, "resourcesPaths", "resourcesPath")


def _configs(
    folder: Path, directory: Path, common: Mapping[str, Any], own: Mapping[str, Any]
) -> tuple[Path, ...]:
    """Return the application's configuration in the same order; a file that is not there does not count."""
    named = _paths(folder, own, "configFilePath") or (directory / APP_CONFIG,)
    for paths in (named, _paths(folder, common, "configFilePath")):
        if found := tuple(path for path in paths if path.is_file()):
            return found
    return ()


def _paths(folder: Path, fields: Mapping[str, Any], *names: str) -> tuple[Path, ...]:
    """Return the paths of the first of these fields that is there: a list, or words between commas."""
    for name in names:
        if value := fields.get(name):
            each = value if isinstance(value, list) else str(value).split(",")
            return tuple(_resolved(folder, str(path).strip()) for path in each)
    return ()


def _resolved(folder: Path, path: str) -> Path:
    return (folder / Path(path).expanduser()).resolve()


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
