"""Starting the processes, passing on what they say, and ending them in the right order."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .plan import App, LaunchError, Ports, app_environment, choose_ports, sidecar_arguments

#: How long the sidecar may take until its HTTP port is open.
SIDECAR_START_SECONDS = 30.0
#: How long an application may take to end when asked.
APP_STOP_SECONDS = 5.0
#: How long its sidecar may take, once the application is gone.
SIDECAR_STOP_SECONDS = 10.0
LOOK_SECONDS = 0.02
LINE_BYTES = 64 * 1024

Say = Callable[[str], None]


async def launch(apps: Sequence[App], *, say: Say, home: Path | None = None) -> int:
    """
    Run the applications with their sidecars until one ends or SIGINT or SIGTERM comes, then end all.

    Returns:
        The exit code of the first application that ended; 0 after a signal; 1 if a sidecar ended by itself.

    Raises:
        LaunchError: something could not be started; what was started is ended.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    several = len(apps) > 1
    pairs = [_Pair(app, choose_ports(app), several, say, home or Path.home()) for app in apps]
    try:
        await _until(stop, [asyncio.create_task(pair.start()) for pair in pairs], asyncio.FIRST_EXCEPTION)
        ends = [asyncio.create_task(pair.ended()) for pair in pairs]
        return await _until(stop, ends, asyncio.FIRST_COMPLETED)
    finally:
        await asyncio.gather(*(pair.stop() for pair in pairs))


async def _until(stop: asyncio.Event, tasks: Sequence[asyncio.Task[int]], when: str) -> int:
    """Wait for the tasks or the signal, whichever is first; return the first code that is not 0, or 0."""
    stopped = asyncio.create_task(stop.wait())
    group = asyncio.create_task(asyncio.wait(tasks, return_when=when))
    await asyncio.wait([stopped, group], return_when=asyncio.FIRST_COMPLETED)
    done = [task for task in tasks if task.done()]
    for task in (stopped, group, *tasks):
        task.cancel()
    await asyncio.gather(stopped, group, *tasks, return_exceptions=True)
    return next((code for task in done if (code := task.result())), 0)


@dataclass(eq=False)
class _Pair:
    """An application and its sidecar."""

    app: App
    ports: Ports
    named: bool
    say: Say
    home: Path

    def __post_init__(self) -> None:
        self._sidecar: asyncio.subprocess.Process | None = None
        self._application: asyncio.subprocess.Process | None = None
        self._pumps: list[asyncio.Task[None]] = []

    async def start(self) -> int:
        """Start the sidecar, and when its port is open the application."""
        arguments = sidecar_arguments(self.app, self.ports, self.home)
        command = [sys.executable, "-m", "pluggable.cli.runtime", *arguments]
        self._sidecar = await self._spawn("DAPR", command, dict(os.environ), None)
        self.say(
            f"starting {self.app.app_id}: HTTP port {self.ports.http}, gRPC port {self.ports.grpc}, "
            f"metrics port {self.ports.metrics}"
        )
        await self._listening(self._sidecar)
        if self.app.command:
            environment = app_environment(self.app, self.ports, os.environ)
            self._application = await self._spawn("APP", self.app.command, environment, self.app.directory)
        return 0

    async def _spawn(
        self, who: str, command: Sequence[str], environment: dict[str, str], directory: Path | None
    ) -> asyncio.subprocess.Process:
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                env=environment,
                cwd=directory,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for us: the application ends before its sidecar
            )
        except OSError as error:
            raise LaunchError(
                f"{self.app.app_id}: cannot run {' '.join(command)}: {error.strerror}"
            ) from error
        assert process.stdout is not None
        prefix = f"== {who} - {self.app.app_id} == " if self.named else f"== {who} == "
        self._pumps.append(asyncio.create_task(self._pump(process.stdout, prefix)))
        return process

    async def _pump(self, output: asyncio.StreamReader, prefix: str) -> None:
        """Pass on what a process says, line by line; a line without end in pieces."""
        rest = b""
        while chunk := await output.read(LINE_BYTES):
            *lines, rest = (rest + chunk).split(b"\n")
            if len(rest) > LINE_BYTES:
                lines, rest = [*lines, rest], b""
            for line in lines:
                self.say(prefix + line.decode(errors="replace"))
        if rest:
            self.say(prefix + rest.decode(errors="replace"))

    async def _listening(self, sidecar: asyncio.subprocess.Process) -> None:
        """Wait until the sidecar's HTTP port is open; nothing tells us, so it is tried."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SIDECAR_START_SECONDS):
                while sidecar.returncode is None:
                    try:
                        _, writer = await asyncio.open_connection("127.0.0.1", self.ports.http)
                    except OSError:
                        await asyncio.sleep(LOOK_SECONDS)
                    else:
                        writer.close()
                        return
        if sidecar.returncode is not None:
            await asyncio.gather(*self._pumps)  # its last words come before ours
        raise LaunchError(
            f"{self.app.app_id}: its sidecar "
            + (
                f"does not listen on port {self.ports.http} after {SIDECAR_START_SECONDS:g} s"
                if sidecar.returncode is None
                else f"ended with status {sidecar.returncode}; its log above says why"
            )
        )

    async def ended(self) -> int:
        """Wait for the end of either and return the code to leave with."""
        assert self._sidecar is not None
        sidecar = asyncio.create_task(self._sidecar.wait())
        waits = {sidecar}
        if self._application is not None:
            waits.add(asyncio.create_task(self._application.wait()))
        _, rest = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for task in rest:
            task.cancel()
        if self._application is not None and self._application.returncode is not None:
            return _exit_code(self._application.returncode)
        self.say(f"the sidecar of {self.app.app_id} ended with status {sidecar.result()}")
        return sidecar.result() and 1

    async def stop(self) -> None:
        """End the application, then its sidecar, and hear both out."""
        if self._application is not None:
            await _end(self._application, APP_STOP_SECONDS)
        if self._sidecar is not None:
            await _end(self._sidecar, SIDECAR_STOP_SECONDS)
        if self._pumps:
            await asyncio.wait(
                self._pumps, timeout=1.0
            )  # a process the application left behind may hold its output
        for pump in self._pumps:
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)


async def _end(process: asyncio.subprocess.Process, seconds: float) -> None:
    """Ask a process and what it started to end, then make them."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await process.wait()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


def _exit_code(status: int) -> int:
    """The code a shell would give: that of the process, or 128 and the signal that ended it."""
    return status if status >= 0 else 128 - status
