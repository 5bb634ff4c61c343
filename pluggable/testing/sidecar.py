"""A sidecar in a test: a process of its own, as an application has it beside itself."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from ..serving import ComponentServer
from ..serving.instances import Offered
from ..sockets import FOLDER_VARIABLES

if TYPE_CHECKING:
    from ..launch.ports import Ports, PortsPipe
    from ..launch.process import Process

#: How long a sidecar may take to load its components, and to end.
READY_SECONDS: Final = 30.0
ENDING_SECONDS: Final = 10.0
_NOTHING: Final[Mapping[str, Mapping[str, str]]] = {}


class SidecarError(Exception):
    """A sidecar did not start, or failed during the test; the text has its log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sidecar:
    """A running sidecar, its APIs on 127.0.0.1."""

    http_port: int
    grpc_port: int
    log: Sequence[str]
    """What it has said so far, line by line."""
    _process: Process = field(repr=False)

    @property
    def url(self) -> str:
        """Where its HTTP API is, as in ``http://127.0.0.1:3500``."""
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def process_id(self) -> int:
        """The process, to be signalled."""
        return self._process.id

    async def ended(self) -> int:
        """Wait until it ends by itself, as after ``POST /v1.0/shutdown``, and return its exit status."""
        return await self._process.wait()

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which an application, and an official SDK, finds it."""
        return {"DAPR_HTTP_PORT": str(self.http_port), "DAPR_GRPC_PORT": str(self.grpc_port)}


@asynccontextmanager
async def sidecar(
    components: Mapping[str, Offered] | None = None,
    *,
    resources: Path | Iterable[Path] = (),
    properties: Mapping[str, Mapping[str, str]] = _NOTHING,
    app_id: str = "test",
    app_port: int = 0,
    flags: Sequence[str] = (),
) -> AsyncIterator[Sidecar]:
    """
    Run a sidecar as long as the ``async with`` lasts; when it begins, all components are loaded.

    ``components`` are served here, in the test's process: ``{"shelf": Shelf}`` is ``state.shelf``. Without
    ``resources``, which are folders or files of YAML, there is one Component for each, of the same name, with
    what ``properties`` say of it: ``{"shelf": {"colour": "red"}}``. With ``app_port`` it delivers to an
    application there. ``flags`` are daprd's. Ports are free ones.

    Raises:
        SidecarError: it did not start, or failed during the test.
        SocketError: a component cannot be served.
    """
    paths = [resources] if isinstance(resources, Path) else list(resources)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pluggable-")))
        sockets = folder / "sockets"
        if components:
            await stack.enter_async_context(ComponentServer(components, folder=sockets))
        if not paths:
            paths = [_resources(folder / "resources", components or {}, properties)]
        arguments = [f"--app-id={app_id}", *([f"--app-port={app_port}"] if app_port else [])]
        arguments += [f"--resources-path={path}" for path in paths]
        # This machine's other components are no business of the test.
        environment = {name: value for name, value in os.environ.items() if name not in FOLDER_VARIABLES}
        environment[FOLDER_VARIABLES[0]] = os.fspath(sockets)
        yield await stack.enter_async_context(_running([*arguments, *flags], environment))


def _resources(
    folder: Path, components: Mapping[str, Offered], properties: Mapping[str, Mapping[str, str]]
) -> Path:
    """Write a Component for each name that is served."""
    from ..launch.resources import write_component
    from ..serving.services import Services

    folder.mkdir()
    if unknown := sorted(properties.keys() - components.keys()):
        raise ValueError(f"properties for {', '.join(unknown)}, which is not among the components")
    for name, offered in components.items():
        types = Services(name, offered).types
        if len(types) > 1:
            raise ValueError(f'"{name}" is {" and ".join(types)}; name the Components yourself, in resources')
        write_component(folder, name, types[0], properties.get(name))
    return folder


@asynccontextmanager
async def _running(arguments: Sequence[str], environment: Mapping[str, str]) -> AsyncIterator[Sidecar]:
    from ..launch.ports import PortsPipe  # what only a test with a sidecar needs
    from ..launch.process import Process
    from ..launch.readiness import unless_ended

    log: list[str] = []
    ports = [f"--{each}-port=0" for each in ("dapr-http", "dapr-grpc", "dapr-internal-grpc", "metrics")]
    command = [sys.executable, "-m", "pluggable.cli.runtime", *ports, *arguments]
    with PortsPipe() as pipe:
        process = await Process.spawn(
            [*command, f"--ports-file={pipe.path}"],
            prefix="",
            say=log.append,
            environment=environment,
            keeps=[pipe.theirs],
        )
        try:
            found = await unless_ended(_ready(pipe), process.wait(), READY_SECONDS)
        except BaseException:
            await process.end(signal.SIGTERM, ENDING_SECONDS)
            raise
        if found is None:
            what = f"did not load its components within {READY_SECONDS:g} s"
            await _end(process, log, what if process.status is None else "did not start")
    try:
        yield Sidecar(http_port=found.http, grpc_port=found.grpc, log=log, _process=process)
        if process.status:
            await _end(process, log, "failed during the test")
    finally:
        await process.end(signal.SIGTERM, ENDING_SECONDS)


async def _ready(pipe: PortsPipe) -> Ports:
    """Wait until a sidecar has loaded its components."""
    from ..launch.readiness import loaded

    ports = await pipe.read()
    await loaded("127.0.0.1", ports.http)
    return ports


async def _end(process: Process, log: Sequence[str], what: str) -> NoReturn:
    """
    Hear a process out.

    Raises:
        SidecarError: always, with its last words.
    """
    await process.end(signal.SIGTERM, ENDING_SECONDS)
    raise SidecarError("\n".join([f"the sidecar {what}, status {process.status}; it said:", *log]))
