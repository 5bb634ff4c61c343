"""daprd's command line: its flags, with their spelling, defaults and checks, become a ``RuntimeConfig``."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from ..sockets import SocketsFolder
from .config import RuntimeConfig
from .flagtable import FLAGS, Flag
from .gotext import parse_bool

NAMESPACE_VARIABLE: Final = "NAMESPACE"
APP_API_TOKEN_VARIABLE: Final = "APP_API_TOKEN"
DAPR_API_TOKEN_VARIABLE: Final = "DAPR_API_TOKEN"
SCHEDULER_ADDRESSES_VARIABLE: Final = "DAPR_SCHEDULER_HOST_ADDRESS"


class FlagError(Exception):
    """A command line with faults: all of them, each a sentence that names the flag."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults: tuple[str, ...] = tuple(faults)


@dataclass(slots=True)
class _Given:
    """What stood on the command line, by the flag's name, and what was wrong with it."""

    values: dict[str, Any] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def add(self, name: str, flag: Flag, text: str) -> None:
        """Take one value; a list grows, anything else is replaced."""
        try:
            if flag.many:
                self.values[name] = (*self.values.get(name, ()), *_items(text))
            elif flag.switch:
                self.values[name] = parse_bool(text)
            else:
                self.values[name] = flag.read(text)
        except ValueError:
            self.faults.append(f'--{name} is "{text}", wanted {flag.wanted}')


def parse(argv: Sequence[str], environ: Mapping[str, str]) -> RuntimeConfig:
    """
    Return the settings that daprd's flags and the environment describe.

    Flags are ``--name=value``, ``--name value`` or with one dash; a switch alone is true.

    Raises:
        FlagError: all that is wrong, at once.
    """
    given = _given(argv)
    settings = {
        flag.setting: given.values[name]
        for name, flag in FLAGS.items()
        if flag.setting and name in given.values
    }
    settings["unused_flags"] = tuple(
        name for name, flag in FLAGS.items() if flag.setting is None and name in given.values
    )
    _add_environment(settings, environ)
    _add_sizes(settings, given.values)
    _add_defaults(settings, given.values)
    _check(settings, given.faults)
    if given.faults:
        raise FlagError(given.faults)
    return RuntimeConfig(**settings)


def usage() -> str:
    """Return a line for each flag that this sidecar acts on."""
    shown = [(f"--{name}", flag.help) for name, flag in FLAGS.items() if flag.help]
    width = max(len(name) for name, _ in shown)
    return "\n".join(f"  {name:<{width}}  {text}" for name, text in shown)


def _given(argv: Sequence[str]) -> _Given:
    given = _Given()
    words = iter(argv)
    for word in words:
        if not word.startswith("-") or len(word) == 1:
            given.faults.append(
                f'unexpected argument "{word}"; every argument is a flag, and a switch takes its value '
                "behind an equals sign, as --enable-metrics=false"
            )
            continue
        name, equals, text = word.lstrip("-").partition("=")
        flag = FLAGS.get(name)
        if flag is None:
            given.faults.append(_unknown(name))
        elif equals:
            given.add(name, flag, text)
        elif flag.switch:
            given.add(name, flag, "true")
        elif (value := next(words, None)) is not None:
            given.add(name, flag, value)
        else:
            given.faults.append(f"--{name} has no value, wanted {flag.wanted}")
    return given


def _unknown(name: str) -> str:
    close = get_close_matches(name, FLAGS, n=1)
    return f"there is no flag --{name}" + (f"; did you mean --{close[0]}?" if close else "")


#: What may stand around an item of a list, and is no part of it.
_BLANK: Final = " \t'\""


def _items(text: str) -> tuple[str, ...]:
    """Split a comma list that may have quotes, as pflag does; blanks count for nothing."""
    rows = csv.reader([text], skipinitialspace=True)
    return tuple(item for row in rows for each in row if (item := each.strip(_BLANK)))


def _add_environment(settings: dict[str, Any], environ: Mapping[str, str]) -> None:
    settings["namespace"] = environ.get(NAMESPACE_VARIABLE, "")
    settings["app_api_token"] = environ.get(APP_API_TOKEN_VARIABLE, "")
    settings["dapr_api_token"] = environ.get(DAPR_API_TOKEN_VARIABLE, "")
    if settings.get("sockets_folder") is None:
        folder = SocketsFolder.find(environ=environ)
        settings["sockets_folder"] = folder.path if folder.explicit else None
    if "scheduler_addresses" not in settings and SCHEDULER_ADDRESSES_VARIABLE in environ:
        settings["scheduler_addresses"] = _items(environ[SCHEDULER_ADDRESSES_VARIABLE])


#: What a size of 0 means: for bodies no limit, but for what one message holds; for heads what Go takes.
UNLIMITED_BYTES: Final = (1 << 31) - 1
LARGE_HEAD_BYTES: Final = 1 << 20


def _add_sizes(settings: dict[str, Any], values: Mapping[str, Any]) -> None:
    """Settle sizes, which have an old flag in MB or KB each; the new one wins, and -1 means the default."""
    for setting, old, shift, zero in (
        ("max_body_bytes", "dapr-http-max-request-size", 20, UNLIMITED_BYTES),
        ("read_buffer_bytes", "dapr-http-read-buffer-size", 10, LARGE_HEAD_BYTES),
    ):
        if setting not in settings and old in values:
            settings[setting] = values[old] << shift if values[old] > 0 else values[old]
        if settings.get(setting) == -1:
            del settings[setting]
        elif settings.get(setting) == 0:
            settings[setting] = zero


def _add_defaults(settings: dict[str, Any], values: Mapping[str, Any]) -> None:
    """Let the values that daprd takes for "the default" be just that, and old spellings be the new ones."""
    settings["resources_paths"] = tuple(
        Path(path) for path in values.get("resources-path", ()) or values.get("components-path", ())
    )
    settings["config_paths"] = tuple(Path(path) for path in values.get("config", ()))
    for setting in (
        "app_health_probe_interval_seconds",
        "app_health_probe_timeout_seconds",
        "app_health_threshold",
    ):
        if settings.get(setting, 1) <= 0:
            del settings[setting]
    if settings.get("app_binding_options_timeout_seconds", 1) <= 0:
        del settings["app_binding_options_timeout_seconds"]
    if settings.get("graceful_shutdown_seconds", 0) < 0:
        del settings["graceful_shutdown_seconds"]
    if settings.get("app_max_concurrency", 0) < 0:
        settings["app_max_concurrency"] = 0
    if "listen_addresses" in settings and not settings["listen_addresses"]:
        settings["listen_addresses"] = ("0.0.0.0",)  # an empty one is every address, as in daprd
    if values.get("app-ssl") and settings.get("app_protocol", "http") in {"http", "grpc"}:
        settings["app_protocol"] = settings.get("app_protocol", "http") + "s"
    settings["disabled_init_endpoints"] = frozenset(
        each.lower() for each in values.get("disable-init-endpoints", ())
    )


def _check(settings: Mapping[str, Any], faults: list[str]) -> None:
    """Add the faults that daprd finds after parsing."""
    app_id = settings.get("app_id", "")
    if not app_id:
        faults.append("--app-id is missing; give the application's name")
    elif "." in app_id:
        faults.append(f'--app-id is "{app_id}", wanted a name without dots')
    faults.extend(
        f'--disable-init-endpoints has "{unknown}", wanted config or subscribe'
        for unknown in sorted(settings["disabled_init_endpoints"] - {"config", "subscribe"})
    )
    ports = {
        "dapr-http-port": settings.get("http_port", 3500),
        "dapr-grpc-port": settings.get("grpc_port", 50001),
    }
    for name, port in ports.items():
        if port and port == settings.get("app_port"):
            faults.append(f"--{name} and --app-port are both {port}; give each its own")
    if settings.get("enable_app_health_check"):
        interval = settings.get("app_health_probe_interval_seconds", 5.0)
        timeout = settings.get("app_health_probe_timeout_seconds", 0.5)
        if timeout > interval:
            faults.append(
                f"--app-health-probe-timeout is {timeout:g} s, wanted at most "
                f"--app-health-probe-interval, {interval:g} s"
            )
