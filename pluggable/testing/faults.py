"""What goes wrong between a component and its sidecar, made to happen by a test."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..component import Component
from ..errors import TimedOutError
from ..metadata import Metadata
from ..serving.endpoint import Endpoint
from .line import Line

if TYPE_CHECKING:
    from ..remote import Connection  # loads the messages: only for who connects

#: How long a connection may take to break and to be back.
_BACK_SECONDS: Final = 10.0


class Faults:
    """
    Faults on demand, for one component: ``connected(Shelf, faults=faults)``.

    When one of the awaited returns, the fault is over and the connection is back, so that the test can go on
    at once. What was under way has failed as it does with a real sidecar: calls as unavailable, messages as
    unanswered.
    """

    def __init__(self) -> None:
        self._bench: _Bench | None = None

    async def cut_streams(self) -> None:
        """
        Break the connection with all calls and streams on it; the component lives, and is not told.

        Raises:
            TimedOutError: the connection does not come back.
        """
        bench = self._found()
        async with bench.broken():
            bench.line.cut()

    async def restart(self, *, noticed: bool = True) -> None:
        """
        End the component's process, as it were, and start it again: what it had in memory is gone.

        Unless ``noticed``, the restart cannot be told from outside: the next call is answered "not
        initialised". A daprd is left with that error for good; a sidecar of ours initialises the component
        and repeats the call.

        Raises:
            TimedOutError: the component does not come back.
        """
        bench = self._found()
        async with bench.broken():
            bench.line.cut()
            with bench.line.silent():
                await bench.serve()
                if noticed:
                    await bench.line.renew()
                    bench.line.cut()  # who came back meanwhile came to the socket of before

    async def init_again(self, properties: Mapping[str, str] | None = None) -> None:
        """
        Send a second Init, with other properties or the same, as a sidecar does that was reloaded.

        From then on a fresh object answers; the one before keeps its streams until they end.

        Raises:
            InitError: the component refuses; the object before goes on.
        """
        peer = self._found().peer
        metadata = peer.metadata if properties is None else Metadata(properties, peer.metadata.name)
        await peer.far_end.init(metadata)

    def slow(self, seconds: float) -> AbstractContextManager[None]:
        """Let all that is said take so many seconds, in either direction, as long as the ``with`` lasts."""
        return self._found().line.slow(seconds)

    def silent(self) -> AbstractContextManager[None]:
        """Let nothing be heard of the other end, as if it hung, as long as the ``with`` lasts."""
        return self._found().line.silent()

    @asynccontextmanager
    async def _between(self, component: Callable[[], Component]) -> AsyncIterator[_Bench]:
        """Serve a component behind a line, for who is to connect to its address."""
        with tempfile.TemporaryDirectory(prefix="pluggable-") as folder:
            path = Path(folder, "under-test.sock")
            async with AsyncExitStack() as served, Line(Path(folder, "line.sock"), to=path) as line:
                bench = _Bench(component, path, line, served)
                await bench.serve()
                self._bench = bench
                try:
                    yield bench
                finally:
                    self._bench = None

    def _found(self) -> _Bench:
        if self._bench is None:
            raise RuntimeError("faults happen to a component: use them inside connected(…, faults=…)")
        return self._bench


@dataclass(frozen=True, slots=True)
class Peer:
    """Who is connected to the component."""

    connection: Connection
    far_end: Component
    metadata: Metadata


class _Bench:
    """One component behind its line, and who is connected to it."""

    def __init__(
        self, component: Callable[[], Component], path: Path, line: Line, served: AsyncExitStack
    ) -> None:
        self.line = line
        self.peer: Peer
        """Known before any fault can happen."""
        self._component = component
        self._path = path
        self._served = served

    async def serve(self) -> None:
        """Serve new objects in the place of those that are served."""
        await self._served.aclose()
        await self._served.enter_async_context(Endpoint(self._path.stem, self._component, self._path))

    @asynccontextmanager
    async def broken(self) -> AsyncIterator[None]:
        """Wait until the connection, broken in here, is noticed to be so, and is back."""
        connection = self.peer.connection
        lost = asyncio.create_task(connection.lost())
        try:
            async with asyncio.timeout(_BACK_SECONDS):
                yield
                await lost
                await connection.passable()
        except TimeoutError as error:
            raise TimedOutError(
                f"{connection.name} is not back {_BACK_SECONDS:g} s after its fault"
            ) from error
        finally:
            lost.cancel()
