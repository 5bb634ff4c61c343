"""Serving until a signal comes, or the parent process is gone."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from pathlib import Path
from typing import Any, Final, Protocol

from .. import logs
from .._collecting import settle
from .endpoint import Endpoint
from .instances import Offered
from .observing import Observer
from .server import DRAIN_SECONDS, ComponentServer
from .telemetry import asked_for

#: How long components may take to close when the parent is gone.
ORPHAN_SECONDS: Final = 5.0

logger: logging.Logger = logging.getLogger(__name__)


class Drainable(Protocol):
    """A server that can be asked to come to an end."""

    async def drain(self, seconds: float) -> None:
        """Serve who is connected until they leave or the time is over."""


def serve(
    components: Mapping[str, Offered],
    *,
    folder: Path | None = None,
    drain_seconds: float = DRAIN_SECONDS,
    telemetry: Observer | None = None,
) -> None:
    """
    Serve components until SIGTERM or SIGINT: ``serve({"my-store": MyStore})`` is ``state.my-store``.

    At the first signal the sockets go away and those who are connected are served on until they leave, for
    ``drain_seconds`` at most; at the second it is over at once.

    ``telemetry`` is told of every call, such as ``pluggable.serving.otel.OpenTelemetry``; without it,
    OpenTelemetry's variables are obeyed (``OTEL_EXPORTER_OTLP_ENDPOINT``, ``OTEL_TRACES_EXPORTER`` …).

    Raises:
        SocketError: the folder or one of the sockets is not as it must be.
    """
    logs.setup()

    async def main() -> None:
        stop = Stop()
        with stop.at_signals():
            async with (
                _telemetry(telemetry, ", ".join(components)) as observer,
                ComponentServer(components, folder=folder, telemetry=observer) as server,
            ):
                settle()
                await stop.drained(server, drain_seconds)

    run(main())


async def serve_child(
    name: str, offered: Offered, path: Path, lifeline: int | None = None, *, ready: Callable[[], None]
) -> None:
    """
    Serve on one socket for a parent process: until a signal, or the end of the pipe that the parent holds.

    ``ready`` is called when the socket is in place.

    Raises:
        SocketError: the socket is not as it must be.
    """
    stop = Stop()
    if lifeline is not None:
        stop.at_end_of(lifeline)
    with stop.at_signals():
        async with (
            _telemetry(None, name) as observer,
            Endpoint(name, offered, path, observer=observer) as endpoint,
        ):
            ready()
            settle()
            await stop.drained(endpoint, DRAIN_SECONDS)
    if stop.orphaned:
        with contextlib.suppress(OSError):  # not empty: another child is still leaving, and will remove it
            path.parent.rmdir()


def _telemetry(given: Observer | None, service: str) -> AbstractAsyncContextManager[Observer | None]:
    return asked_for(os.environ, service) if given is None else nullcontext(given)


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run on uvloop, or on asyncio's own loop where there is none."""
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(main)


class Stop:
    """When to stop, in two stages: come to an end, then leave at once."""

    def __init__(self) -> None:
        self.orphaned: bool = False
        """The pipe of the parent has ended: it cannot clean up behind us any more."""
        self._loop = asyncio.get_running_loop()
        self._asked = asyncio.Event()
        self._now = asyncio.Event()

    async def drained(self, server: Drainable, seconds: float) -> None:
        """Wait until asked to stop, then drain the server, unless asked again."""
        await self._asked.wait()
        logger.info("stopping; who is connected is served for %g s at most, a second signal ends it", seconds)
        draining = asyncio.create_task(server.drain(seconds))
        leaving = asyncio.create_task(self._now.wait())
        await asyncio.wait([draining, leaving], return_when=asyncio.FIRST_COMPLETED)
        for task in (draining, leaving):
            task.cancel()
        await asyncio.gather(draining, leaving, return_exceptions=True)

    @contextlib.contextmanager
    def at_signals(self) -> Iterator[None]:
        """Take SIGTERM and SIGINT for requests to stop."""
        signals = (signal.SIGTERM, signal.SIGINT)
        for each in signals:
            self._loop.add_signal_handler(each, self._ask)
        try:
            yield
        finally:
            for each in signals:
                self._loop.remove_signal_handler(each)

    def at_end_of(self, lifeline: int) -> None:
        """Leave at once when the pipe ends; a thread waits for it, since the loop may hang."""
        threading.Thread(target=self._watch, args=(lifeline,), name="lifeline", daemon=True).start()

    def _ask(self) -> None:
        if self._asked.is_set():
            self._now.set()
        self._asked.set()

    def _leave(self) -> None:
        self.orphaned = True
        self._asked.set()
        self._now.set()

    def _watch(self, lifeline: int) -> None:
        while os.read(lifeline, 1):
            pass
        with contextlib.suppress(RuntimeError):  # the loop is closed: we are leaving already
            self._loop.call_soon_threadsafe(self._leave)
        time.sleep(ORPHAN_SECONDS)
        os._exit(1)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
