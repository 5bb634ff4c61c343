"""Applications with their sidecars: started in the right order, and ended in the opposite one."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from .plan import App, LaunchError, api_host, app_environment, check_ports, sidecar_arguments
from .ports import Ports, PortsPipe
from .process import Process, Say
from .readiness import loaded, unless_ended

#: How long the sidecar may take to load its components before the reader is told what is waited for.
PATIENCE_SECONDS = 15.0
#: How long an application may take to end when asked.
APP_STOP_SECONDS = 5.0
#: How long its sidecar may take, once the application is gone.
SIDECAR_STOP_SECONDS = 10.0


async def launch(
    apps: Sequence[App], *, say: Say, home: Path | None = None, environment: Mapping[str, str] | None = None
) -> int:
    """
    Run applications with their sidecars until all have ended, or a signal ends them.

    SIGINT, SIGTERM and SIGHUP are passed on to the applications; their sidecars end after them. A second
    signal ends everything at once. An application that ends takes its own sidecar along and no other.

    Returns:
        The first exit code that is not 0, where a sidecar that ended by itself counts as 1; 0 after a signal.

    Raises:
        LaunchError: something could not be started; what was started is ended.
    """
    inherited = os.environ if environment is None else environment
    check_ports(apps)
    pairs = [
        _Pair(app, several=len(apps) > 1, say=say, home=home or Path.home(), inherited=inherited)
        for app in apps
    ]
    running = [asyncio.create_task(pair.run(), name=f"running {pair.app.app_id}") for pair in pairs]
    with _signals(pairs) as stopped:
        try:
            return await _first_failure(running, stopped)
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            number = stopped.result() if stopped.done() else signal.SIGTERM
            await asyncio.gather(*(pair.end_application(number) for pair in pairs))
            await asyncio.gather(*(pair.end_sidecar() for pair in pairs))


@contextlib.contextmanager
def _signals(pairs: Sequence[_Pair]) -> Iterator[asyncio.Future[signal.Signals]]:
    """Give a future that has the first signal; the second one hurries."""
    loop = asyncio.get_running_loop()
    first: asyncio.Future[signal.Signals] = loop.create_future()

    def signalled(number: signal.Signals) -> None:
        if not first.done():
            first.set_result(number)
            return
        for pair in pairs:
            pair.hurry()

    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as under nohup
        numbers.append(signal.SIGHUP)
    for number in numbers:
        loop.add_signal_handler(number, signalled, number)
    try:
        yield first
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


async def _first_failure(
    running: Sequence[asyncio.Task[int]], stopped: asyncio.Future[signal.Signals]
) -> int:
    """Wait for all tasks or the signal; return the first code that is not 0 in the order of their ends."""
    code = 0
    left = set(running)
    while left:
        waits: set[asyncio.Future[Any]] = {*left, stopped}
        done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        if stopped in done:
            return 0
        for task in running:
            if task in done:
                left.discard(task)
                code = code or task.result()
    return code


class _Pair:
    """An application and its sidecar."""

    def __init__(
        self, app: App, *, several: bool, say: Say, home: Path, inherited: Mapping[str, str]
    ) -> None:
        self.app = app
        self._several = several
        self._say = say
        self._home = home
        self._inherited = inherited
        self._sidecar: Process | None = None
        self._application: Process | None = None

    async def run(self) -> int:
        """
        Start the sidecar, when its components are loaded the application, and run until one of them ends.

        Raises:
            LaunchError: one of them could not be started.
        """
        with PortsPipe() as pipe:
            arguments = [*sidecar_arguments(self.app, self._home), f"--ports-file={pipe.path}"]
            command = [sys.executable, "-m", "pluggable.cli.runtime", *arguments]
            sidecar = self._sidecar = await self._spawn("DAPR", command, self._inherited, keeps=[pipe.theirs])
            ports = await self._unless_ended(sidecar, self._ready(pipe))
        if self.app.command:
            environment = app_environment(self.app, ports, self._inherited)
            self._application = await self._spawn("APP", self.app.command, environment, self.app.directory)
        code = await self._live(sidecar)
        if self._several and self._application:
            self._say(f"{self.app.app_id} ended with status {code}")
        await self.end_application(signal.SIGTERM)
        await self.end_sidecar()
        return code

    async def end_application(self, number: signal.Signals) -> None:
        """End the application, by a signal of the caller's choice at first."""
        if self._application is not None:
            await self._application.end(number, APP_STOP_SECONDS)

    async def end_sidecar(self) -> None:
        """End the sidecar, which finishes what is under way."""
        if self._sidecar is not None:
            await self._sidecar.end(signal.SIGTERM, SIDECAR_STOP_SECONDS)

    def hurry(self) -> None:
        """End the application at once, and the sidecar as fast as it can see to its children."""
        if self._application is not None:
            self._application.kill()
        if self._sidecar is not None:
            self._sidecar.hurry()

    async def _spawn(
        self,
        who: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        directory: Path | None = None,
        keeps: Sequence[int] = (),
    ) -> Process:
        prefix = f"== {who} - {self.app.app_id} == " if self._several else f"== {who} == "
        try:
            return await Process.spawn(
                command,
                prefix=prefix,
                say=self._say,
                environment=environment,
                directory=directory,
                keeps=keeps,
            )
        except OSError as error:
            raise LaunchError(
                f"{self.app.app_id}: cannot run {' '.join(command)}: {error.strerror or error}"
            ) from error

    async def _ready(self, pipe: PortsPipe) -> Ports:
        """Wait until the sidecar has loaded its components."""
        ports = await pipe.read()
        self._say(
            f"starting {self.app.app_id}: HTTP port {ports.http}, gRPC port {ports.grpc}, "
            f"metrics port {ports.metrics}"
        )
        await loaded(api_host(self.app), ports.http)
        return ports

    async def _unless_ended(self, sidecar: Process, ready: Coroutine[Any, Any, Ports]) -> Ports:
        """Wait for the sidecar's start, as long as it lives."""
        late = asyncio.get_running_loop().call_later(
            PATIENCE_SECONDS,
            self._say,
            f"{self.app.app_id}: its sidecar is not ready yet; its log says what it waits for",
        )
        try:
            ports = await unless_ended(ready, sidecar.wait())
        finally:
            late.cancel()
        if ports is None:
            await self.end_sidecar()  # its last words come before ours
            raise LaunchError(
                f"{self.app.app_id}: its sidecar ended with status {sidecar.status}; its log above says why"
            )
        return ports

    async def _live(self, sidecar: Process) -> int:
        """Run until the application or the sidecar ends, and return the code to leave with."""
        code = await unless_ended((self._application or sidecar).wait(), sidecar.wait())
        if code is None:
            self._say(f"the sidecar of {self.app.app_id} ended with status {sidecar.status}")
            return 1 if sidecar.status else 0
        return code
