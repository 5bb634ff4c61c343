"""A real sidecar process for a test: started on free ports, watched by its log, ended by a signal."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pluggable.launch.ports import Ports, PortsPipe
from pluggable.launch.readiness import unless_ended
from pluggable.sockets import FOLDER_VARIABLES

READY_SECONDS = 20.0
#: Tests beside a test take the processor from it: what is bounded in time gets more of it then.
PATIENCE = 5.0 if "PYTEST_XDIST_WORKER" in os.environ else 1.0
ENDING_SECONDS = 15.0
#: A folder that does not exist.
NOWHERE = Path("/nonexistent")
#: What a sidecar says when everything is loaded.
READY = "dapr initialized. Status: Running."


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, whatever its status."""

    status: int
    body: bytes
    headers: Mapping[str, str]

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(eq=False)
class Heard:
    """A process whose words are kept."""

    process: asyncio.subprocess.Process
    lines: list[str] = field(default_factory=list)
    silent: bool = False
    """It will say nothing more."""
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def said(self, *words: str, since: int = 0, seconds: float = READY_SECONDS) -> str:
        """Wait for a log line with all these words, from the given line on, and return it."""

        def found() -> str | None:
            return next((line for line in self.lines[since:] if all(word in line for word in words)), None)

        try:
            async with asyncio.timeout(seconds), self.news:
                await self.news.wait_for(lambda: found() is not None or self.silent)
        except TimeoutError:
            pass
        if (line := found()) is None:
            raise AssertionError(f"never said {words}, status {self.process.returncode}:\n{self.log()}")
        return line

    async def ended(self) -> int:
        """Wait for its end, and for the last it says, and return the exit status."""
        async with asyncio.timeout(ENDING_SECONDS):
            async with self.news:
                await self.news.wait_for(lambda: self.silent)
            return await self.process.wait()

    def log(self) -> str:
        return "\n".join(self.lines)

    async def hear(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            async with self.news:
                self.lines.append(line.decode(errors="replace").rstrip())
                self.news.notify_all()
        async with self.news:
            self.silent = True
            self.news.notify_all()


H = TypeVar("H", bound=Heard)


@dataclass(eq=False, kw_only=True)
class Sidecar(Heard):
    """One ``pluggable-runtime`` process."""

    http_port: int
    grpc_port: int
    host: str = "127.0.0.1"

    async def call(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Make one HTTP request of the sidecar."""
        return await asyncio.to_thread(self._call, method, path, body, headers or {})

    def _call(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        url = f"http://{self.host}:{self.http_port}{path}"
        request = urllib.request.Request(url, data=body, headers=dict(headers), method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return Answer(answer.status, answer.read(), dict(answer.headers))
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.read(), dict(error.headers))

    async def components(self) -> dict[str, str]:
        """Return the components that there are, with their types."""
        listed = (await self.call("GET", "/v1.0/metadata")).json().get("components", [])
        return {each["name"]: each["type"] for each in listed}

    async def healthy(self) -> None:
        """Wait until everything is loaded, and see that ``/v1.0/healthz`` says so too."""
        await self.said(READY)
        assert (await self.call("GET", "/v1.0/healthz")).status == 204

    async def end(self) -> int:
        """Tell it to stop, and return the exit status."""
        self.process.send_signal(signal.SIGINT)
        return await self.ended()

    def processes(self) -> dict[int, str]:
        """Return the process ids of its children and theirs, with their command lines."""
        found: dict[int, str] = {}
        left = [self.process.pid]
        while left:
            parent = left.pop()
            listed = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
            left += (children := [int(pid) for pid in listed])
            found |= {pid: _command(pid) for pid in children}
        return found

    def children(self) -> dict[int, str]:
        """Return those of its processes that serve components."""
        return {pid: command for pid, command in self.processes().items() if ".sock " in command}

    def child(self, name: str) -> int:
        """Return the process id of the child that serves the bundle."""
        return next(pid for pid, command in self.children().items() if f"/{name}.sock" in command)


def _command(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()


@asynccontextmanager
async def sidecar(
    *resources: Path,
    app_id: str = "test-app",
    app_port: int = 0,
    sockets: Path | None = None,
    flags: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    wait: bool = True,
) -> AsyncIterator[Sidecar]:
    """
    Run a sidecar over these resources; at the end a SIGINT, which it must leave with 0.

    Without ``sockets`` it sees no strangers, whoever else is on this machine.
    """
    arguments = [
        f"--app-id={app_id}",
        *(f"--{each}-port=0" for each in ("dapr-http", "dapr-grpc", "dapr-internal-grpc", "metrics")),
        *([f"--app-port={app_port}"] if app_port else []),
        *(f"--resources-path={path}" for path in resources),
        *flags,
    ]
    environment = {FOLDER_VARIABLES[0]: os.fspath(sockets or NOWHERE), **(environment or {})}
    with PortsPipe() as pipe:
        arguments.append(f"--ports-file={pipe.path}")
        process = await started(
            "-m", "pluggable.cli.runtime", *arguments, environment=environment, keeps=[pipe.theirs]
        )
        # One that ends before it has any has none.
        ports = await unless_ended(pipe.read(), process.wait()) or Ports(0, 0, 0)
    async with heard(Sidecar(process, http_port=ports.http, grpc_port=ports.grpc)) as running:
        if wait:
            await running.healthy()
        yield running
        if process.returncode is None:
            assert await running.end() == 0, running.log()


async def started(
    *arguments: str, environment: Mapping[str, str], keeps: Sequence[int] = ()
) -> asyncio.subprocess.Process:
    """Start Python with these arguments, and with these files open."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, **environment},
        pass_fds=keeps,
    )


@asynccontextmanager
async def heard(running: H) -> AsyncIterator[H]:
    """Listen to a process; one that is still there at the end is killed."""
    hearing = asyncio.create_task(running.hear())
    try:
        yield running
    finally:
        if running.process.returncode is None:
            running.process.kill()
            await running.process.wait()
        await hearing


def component(folder: Path, name: str, type_: str, /, spec: str = "", **metadata: str) -> Path:
    """Write a Component into the folder and return the file."""
    items = "".join(
        f"\n    - name: {key}\n      value: {json.dumps(value)}" for key, value in metadata.items()
    )
    path = folder / f"{name}.yaml"
    path.write_text(
        "apiVersion: dapr.io/v1alpha1\nkind: Component\n"
        f"metadata:\n  name: {name}\nspec:\n  type: {type_}\n  version: v1\n{spec}"
        + (f"  metadata:{items}\n" if items else "  metadata: []\n")
    )
    return path
