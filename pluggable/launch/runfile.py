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
#: Fields that are understood otherwise, or that say nothing to us.
OTHERS = {
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
    "appLogDestination",
    "daprdLogDestination",
    "profilePort",
    "enableProfiling",
    "unixDomainSocket",
}


def read_run_file(path: Path) -> list[App]:
    """
    Return the applications of a ``dapr.yaml`` (or of the one in a folder), paths resolved against its folder.

    Raises:
        LaunchError: the file cannot be read or has faults, all of which are named.
    """
    path = path / "dapr.yaml" if path.is_dir() else path
    try:
        document = yaml.load(path.read_text(), Loader=yaml.CSafeLoader)
    except OSError as error:
        raise LaunchError(f"{path}: cannot be read: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise LaunchError(f"{path}: is not YAML: {error}") from error
    if not isinstance(document, dict) or not isinstance(document.get("apps"), list) or not document["apps"]:
        raise LaunchError(f"{path}: apps is missing; a list of applications is wanted")
    faults: list[str] = []
    common = document.get("common") or {}
    apps = [
        _app(path.parent, common, item, f"{path}: apps[{index}]", faults)
        for index, item in enumerate(document["apps"])
    ]
    names = [app.app_id for app in apps]
    faults += [
        f"{path}: appID {name} is there twice" for name in sorted({n for n in names if names.count(n) > 1})
    ]
    if faults:
        raise LaunchError("; ".join(faults))
    return apps


def _app(folder: Path, common: Mapping[str, Any], item: Any, where: str, faults: list[str]) -> App:
    """Read one application, what it does not say coming from the common part."""
    if not isinstance(item, dict):
        faults.append(f"{where}: {item!r} is not a mapping")
        return App(app_id="")
    fields = {**common, **item}
    faults += [f"{where}: unknown field {name}" for name in sorted(fields.keys() - FLAGS.keys() - OTHERS)]
    if not fields.get("appDirPath"):
        faults.append(f"{where}: appDirPath is missing")
    directory = (folder / str(fields.get("appDirPath", "."))).resolve()
    if not directory.is_dir():
        faults.append(f"{where}: appDirPath {directory} is not a folder")
    command = fields.get("command") or []
    if not isinstance(command, list):
        faults.append(f"{where}: command is {command!r}; a list of words is wanted")
        command = []
    return App(
        app_id=str(fields.get("appID") or directory.name),
        command=tuple(str(word) for word in command),
        directory=directory,
        environment={str(k): str(v) for k, v in {**_env(common), **_env(item)}.items()},
        app_port=_number(fields, "appPort", where, faults),
        app_protocol=str(fields.get("appProtocol", "http")),
        http_port=_number(fields, "daprHTTPPort", where, faults),
        grpc_port=_number(fields, "daprGRPCPort", where, faults),
        metrics_port=_number(fields, "metricsPort", where, faults),
        resources_paths=_paths(folder, common, item, "resourcesPaths", "resourcesPath"),
        config_paths=_paths(folder, common, item, "configFilePath"),
        flags=tuple(f"--{flag}={_text(fields[name])}" for name, flag in FLAGS.items() if name in fields),
    )


def _env(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    found = fields.get("env")
    return found if isinstance(found, dict) else {}


def _number(fields: Mapping[str, Any], name: str, where: str, faults: list[str]) -> int:
    value = fields.get(name, 0)
    if isinstance(value, int) and 0 <= value < 65536:
        return value
    faults.append(f"{where}: {name} is {value!r}; a port from 1 to 65535 is wanted")
    return 0


def _paths(folder: Path, common: Mapping[str, Any], item: Mapping[str, Any], *names: str) -> tuple[Path, ...]:
    """Return the paths that the application gives, or else the common part."""
    for fields in (item, common):
        for name in names:
            if value := fields.get(name):
                values = value if isinstance(value, list) else [value]
                return tuple((folder / str(path)).resolve() for path in values)
    return ()


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
