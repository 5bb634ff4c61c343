"""Telemetry for a process whose environment asks for it, by OpenTelemetry's own variables."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Final

from .observing import Observer

#: How long what is left may take to be sent at the end; a sidecar kills its children soon after.
FLUSH_SECONDS: Final = 2.0

_DISABLED: Final = "OTEL_SDK_DISABLED"
_ENDPOINT: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"
#: By the kind of what is exported: which exporters, and where to by OTLP if none is named.
_VARIABLES: Final = {
    "traces": ("OTEL_TRACES_EXPORTER", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"),
    "metrics": ("OTEL_METRICS_EXPORTER", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"),
}

logger: logging.Logger = logging.getLogger(__name__)


class TelemetryError(Exception):
    """Telemetry cannot be had as the environment asks for it; the text says what to do."""


def exporters_asked_for(environ: Mapping[str, str]) -> dict[str, list[str]]:
    """
    Return which exporters the environment names for ``traces`` and ``metrics``; empty is off.

    Only what is named is on: an exporter, or where to export by OTLP.
    """
    if environ.get(_DISABLED, "").strip().lower() == "true":
        return {}
    asked: dict[str, list[str]] = {}
    for kind, (variable, endpoint) in _VARIABLES.items():
        named = environ.get(variable, "").strip()
        if not named and (environ.get(endpoint) or environ.get(_ENDPOINT)):
            named = "otlp"
        if names := [name.strip() for name in named.split(",") if name.strip() not in ("", "none")]:
            asked[kind] = names
    return asked


@asynccontextmanager
async def asked_for(environ: Mapping[str, str], service: str) -> AsyncIterator[Observer | None]:
    """
    Give the observer that the environment asks for, or ``None``; at the end what is left is sent.

    ``service`` is what the process is called unless the environment names it. What cannot be had is told in
    the log and left out: a component serves without telemetry too.
    """
    if not (asked := exporters_asked_for(environ)):
        yield None
        return
    try:
        observer, shutdown = _made(asked, environ, service)
    except TelemetryError as error:
        logger.warning("there will be no telemetry: %s", error)
        yield None
        return
    try:
        yield observer
    finally:
        await _bounded(shutdown)


def _made(
    asked: Mapping[str, list[str]], environ: Mapping[str, str], service: str
) -> tuple[Observer, Callable[[], None]]:
    try:
        from .otel.environment import made
    except ImportError as error:
        raise TelemetryError(
            f"{error}; install it with: pip install 'pluggable-components[otel]', or unset the variables "
            "beginning with OTEL_"
        ) from error
    return made(asked, environ, service)


async def _bounded(shutdown: Callable[[], None]) -> None:
    """Shut down on a thread of its own, which nobody waits for when a collector does not answer."""
    loop, done = asyncio.get_running_loop(), asyncio.Event()

    def work() -> None:
        try:
            shutdown()
        finally:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(done.set)

    threading.Thread(target=work, name="telemetry", daemon=True).start()
    try:
        async with asyncio.timeout(FLUSH_SECONDS):
            await done.wait()
    except TimeoutError:
        logger.warning("not all telemetry could be sent within %g s", FLUSH_SECONDS)
