"""The sides of the comparison: what is started, where its API is, and what of it is measured."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pluggable.launch.ports import PortsPipe
from pluggable.launch.readiness import loaded, unless_ended
from pluggable.sockets import FOLDER_VARIABLES
from tests.e2e.sidecars import component
from tests.ports import free_ports

from .processes import MEASURED_CORE, OTHER_CORE, descendants, pin, running

#: Where ports are looked for: below Linux' own range for connections.
#: What a side may take to be ready.
START_SECONDS = 30
#: The name of the Go SDK's component, of its socket, and of its binary.
GO = "gomem"
BUNDLED = "bundled"
#: The name and socket of the same component on our SDK.
SERVED = "pymem"
SQLITE = "sqlite"
#: Most bytes of a message, so that values of 1 MB in JSON pass.
BODY_SIZE = "16Mi"


class SideError(Exception):
    """A side did not start; the text has its log."""


@dataclass(frozen=True, slots=True)
class Side:
    """A sidecar that runs, with its components."""

    name: str
    http_port: int
    grpc_port: int
    sidecar: int
    """The sidecar's process."""
    components: Sequence[int]
    """The processes of the components on sockets."""

    def restrict(self, *, apart: bool) -> None:
        """Have the components run on the sidecar's core or on the other one."""
        for pid in self.components:
            pin(pid, OTHER_CORE if apart else MEASURED_CORE)


@asynccontextmanager
async def go_component(binary: Path, folder: Path, core: int = OTHER_CORE) -> AsyncIterator[int]:
    """Serve the Go SDK's component in the folder, and give its process."""
    (folder / f"{GO}.sock").unlink(missing_ok=True)
    async with running(
        str(binary), core=core, environment={"DAPR_COMPONENT_SOCKETS_FOLDER": str(folder)}
    ) as process:
        await _appears(folder, GO)
        yield process.pid


@asynccontextmanager
async def ours(folder: Path, sockets: Path, strangers: Sequence[int], more: int = 0) -> AsyncIterator[Side]:
    """Run our sidecar over the stranger's component and bundled ones, and ``more`` that only are there."""
    resources = folder / "ours"
    resources.mkdir()
    if strangers:
        component(resources, GO, f"state.{GO}")
    component(resources, BUNDLED, "state.in-memory")
    component(resources, SQLITE, "state.sqlite", connectionString=str(folder / "ours.db"))
    for number in range(more):
        component(resources, f"more-{number}", "state.in-memory")
    ports = [f"--{each}-port=0" for each in ("dapr-http", "dapr-grpc", "dapr-internal-grpc", "metrics")]
    async with AsyncExitStack() as stack:
        pipe = stack.enter_context(PortsPipe())
        process = await stack.enter_async_context(
            running(
                *(sys.executable, "-m", "pluggable.cli.runtime", "--app-id=ours", *ports),
                *(f"--resources-path={resources}", f"--ports-file={pipe.path}", "--log-level=error"),
                f"--max-body-size={BODY_SIZE}",
                core=MEASURED_CORE,
                environment={FOLDER_VARIABLES[0]: os.fspath(sockets)},
                keeps=[pipe.theirs],
                log=folder / "ours.log",
            )
        )
        told = await pipe.read()
        await _ready(loaded("127.0.0.1", told.http), process, folder / "ours.log")
        children = descendants(process.pid)
        yield Side("ours", told.http, told.grpc, process.pid, [*strangers, *children])


@asynccontextmanager
async def daprd(binary: Path, folder: Path, sockets: Path, strangers: Sequence[int]) -> AsyncIterator[Side]:
    """Run daprd over the stranger's component and its own SQLite."""
    resources = folder / "daprd"
    resources.mkdir()
    component(resources, GO, f"state.{GO}")
    component(resources, SQLITE, "state.sqlite", connectionString=str(folder / "daprd.db"))
    http, grpc, internal, metrics, profile = free_ports(5)
    async with running(
        *(str(binary), "--app-id=daprd", f"--dapr-http-port={http}", f"--dapr-grpc-port={grpc}"),
        *(f"--dapr-internal-grpc-port={internal}", f"--metrics-port={metrics}", f"--profile-port={profile}"),
        *(f"--resources-path={resources}", "--log-level=error", f"--max-body-size={BODY_SIZE}"),
        core=MEASURED_CORE,
        environment={"DAPR_COMPONENTS_SOCKETS_FOLDER": os.fspath(sockets)},
        log=folder / "daprd.log",
    ) as process:
        await _ready(loaded("127.0.0.1", http), process, folder / "daprd.log")
        yield Side("daprd", http, grpc, process.pid, strangers)


@asynccontextmanager
async def served(folder: Path, core: int) -> AsyncIterator[int]:
    """Serve our in-memory store as ``bundled.sock`` in the folder, and give its process."""
    async with running(
        *(
            sys.executable,
            "-m",
            "pluggable.cli.main",
            "serve",
            f"state.{SERVED}=tests.benchmarks.store:Store",
        ),
        core=core,
        environment={FOLDER_VARIABLES[0]: os.fspath(folder)},
    ) as process:
        await _appears(folder, SERVED)
        yield process.pid


async def _appears(folder: Path, name: str) -> None:
    """Wait for a component's socket."""
    async with asyncio.timeout(START_SECONDS):
        while not (folder / f"{name}.sock").exists():  # noqa: ASYNC110  who serves it tells nobody
            await asyncio.sleep(0.02)


async def _ready(ready: Coroutine[Any, Any, None], process: asyncio.subprocess.Process, log: Path) -> None:
    """Wait until a sidecar is ready; one that is not in time, or has ended, is told of with its log."""

    async def waited() -> bool:
        await ready
        return True

    if not await unless_ended(waited(), process.wait(), START_SECONDS):
        raise SideError(f"a sidecar did not start, status {process.returncode}:\n{_text(log)}")


def _text(log: Path) -> str:
    return log.read_text()
