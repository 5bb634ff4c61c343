"""``pluggable run``: the options of ``dapr run``."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from ..launch import App, LaunchError, launch

#: Options that go to the sidecar as they are.
PASSED_ON = {
    "--app-channel-address": "address of the application, default 127.0.0.1",
    "--app-health-check-path": "path of the application's health check",
    "--app-health-probe-interval": "seconds between health probes",
    "--app-health-probe-timeout": "milliseconds a health probe may take",
    "--app-health-threshold": "probes that must fail before the application counts as unhealthy",
    "--app-max-concurrency": "calls of the application at a time",
    "--components-wait": "how long to wait for a component type that nobody serves yet",
    "--dapr-listen-addresses": "addresses the APIs listen on",
    "--dapr-http-max-request-size": "largest request body in MB",
    "--dapr-http-read-buffer-size": "largest request header in KB",
    "--dapr-internal-grpc-port": "port for other sidecars",
    "--log-level": "debug, info, warn, error or fatal",
    "--max-body-size": "largest request body, such as 4Mi",
    "--placement-host-address": "taken and not used yet",
    "--read-buffer-size": "largest request header, such as 4Ki",
    "--scheduler-host-address": "taken and not used yet",
    "--sockets-folder": "where strangers' sockets are",
}
#: Switches that go to the sidecar as they are.
SWITCHES_PASSED_ON = {
    "--enable-api-logging": "log each API call",
    "--enable-app-health-check": "probe the application's health",
    "--log-as-json": "log in JSON",
}


def options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.usage = "pluggable run [OPTIONS] [--] COMMAND …"
    parser.add_argument(
        "--run-file", "-f", type=Path, help="a dapr.yaml with several applications, or its folder"
    )
    app_options(parser)
    parser.add_argument("app_command", nargs=argparse.REMAINDER, metavar="COMMAND", help="the application")


def app_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options that say how an application and its sidecar are run."""
    parser.add_argument("--app-id", "-a", help="the application's name; default: its folder's name")
    parser.add_argument("--app-port", "-p", type=int, default=0, help="port on which the application listens")
    parser.add_argument("--app-protocol", "-P", default="http", help="how the application is called")
    parser.add_argument("--dapr-http-port", "-H", type=int, default=0, help="default: a free one")
    parser.add_argument("--dapr-grpc-port", "-G", type=int, default=0, help="default: a free one")
    parser.add_argument("--metrics-port", "-M", type=int, default=0, help="default: a free one")
    parser.add_argument(
        "--config", "-c", type=Path, action="append", default=[], help="file of a Configuration"
    )
    parser.add_argument(
        "--resources-path",
        "-d",
        "--components-path",
        type=Path,
        action="append",
        default=[],
        help="folder of YAML files; may be repeated; default: ~/.dapr/components, else embedded defaults",
    )
    for name, summary in PASSED_ON.items():
        parser.add_argument(name, help=summary)
    for name, summary in SWITCHES_PASSED_ON.items():
        parser.add_argument(name, action="store_true", help=summary)


def run(arguments: argparse.Namespace) -> int:
    """Launch what the options say and return the exit code to leave with."""
    try:
        return asyncio.run(launch(_apps(arguments), say=say))
    except LaunchError as error:
        sys.stderr.write(f"pluggable run: {error}\n")
        return 1


def _apps(arguments: argparse.Namespace) -> list[App]:
    if arguments.run_file is None:
        command = arguments.app_command
        return [app_of(arguments, command[1:] if command[:1] == ["--"] else command)]
    if arguments.app_command:
        raise LaunchError(f"{arguments.run_file} says what to run; leave {arguments.app_command} out, or -f")
    from ..launch.runfile import read_run_file  # loads yaml, which nothing else here needs

    return read_run_file(arguments.run_file)


def app_of(arguments: argparse.Namespace, command: Sequence[str]) -> App:
    """Return what the options say of an application that is run by this command."""
    given = vars(arguments)
    flags = [f"{name}={value}" for name in PASSED_ON if (value := given[_attribute(name)]) is not None]
    flags += [name for name in SWITCHES_PASSED_ON if given[_attribute(name)]]
    return App(
        app_id=arguments.app_id or Path.cwd().name,
        command=tuple(command),
        app_port=arguments.app_port,
        app_protocol=arguments.app_protocol,
        http_port=arguments.dapr_http_port,
        grpc_port=arguments.dapr_grpc_port,
        metrics_port=arguments.metrics_port,
        resources_paths=tuple(arguments.resources_path),
        config_paths=tuple(arguments.config),
        flags=tuple(flags),
    )


def _attribute(option: str) -> str:
    return option.removeprefix("--").replace("-", "_")


def say(line: str) -> None:
    """Print a line; when nobody reads any more, as behind ``| head``, come to an end."""
    try:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        signal.raise_signal(signal.SIGTERM)
