"""What the contract's tests work with: servers and channels of one implementation, closed with the test."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import pytest

from pluggable.transport import (
    Channel,
    Code,
    Handlers,
    Limits,
    Server,
    ServerStream,
    StatusError,
    StreamHandler,
)
from pluggable.transport.grpcio import GrpcioChannel, GrpcioServer
from pluggable.transport.ngh2 import Ngh2Channel, Ngh2Server

#: No event in these tests is further away; on a busy machine it may be some seconds.
GUARD_SECONDS = 20.0

T = TypeVar("T")


class MakesServers(Protocol):
    def __call__(self, handlers: Handlers, *, unknown: StreamHandler | None, limits: Limits) -> Server: ...


class MakesChannels(Protocol):
    def __call__(self, address: str, *, limits: Limits) -> Channel: ...


@dataclass(frozen=True)
class Transport:
    server: MakesServers
    channel: MakesChannels


#: An implementation added here is held to the whole contract.
TRANSPORTS = {
    "grpcio": Transport(GrpcioServer, GrpcioChannel),
    "ngh2": Transport(Ngh2Server, Ngh2Channel),
    "grpcio-calls-ngh2": Transport(Ngh2Server, GrpcioChannel),
    "ngh2-calls-grpcio": Transport(GrpcioServer, Ngh2Channel),
}


async def soon(event: Awaitable[T]) -> T:
    """Wait for what has to happen."""
    async with asyncio.timeout(GUARD_SECONDS):
        return await event


async def status(call: Awaitable[Any]) -> StatusError:
    """Wait for a call that has to fail and return how."""
    with pytest.raises(StatusError) as caught:
        await soon(call)
    return caught.value


async def echo(message: bytes, _call: object) -> bytes:
    return message


async def echo_all(stream: ServerStream) -> None:
    while (message := await stream.receive()) is not None:
        await stream.send(message)


class Bench:
    """One implementation on one kind of address."""

    def __init__(self, transport: str, kind: str, folder: Path, stack: AsyncExitStack) -> None:
        self.transport = transport
        self.server_is_grpcio = transport in ("grpcio", "ngh2-calls-grpcio")
        self.unix = kind == "unix"
        self.folder = folder
        self._stack = stack

    def free_address(self) -> str:
        return f"unix:{self.folder}/s.sock" if self.unix else "127.0.0.1:0"

    async def server(
        self, handlers: Handlers, *, unknown: StreamHandler | None = None, limits: Limits | None = None
    ) -> Server:
        make = TRANSPORTS[self.transport].server
        return await self._stack.enter_async_context(
            make(handlers, unknown=unknown, limits=limits or Limits())
        )

    async def serve(
        self, handlers: Handlers, *, unknown: StreamHandler | None = None, limits: Limits | None = None
    ) -> tuple[Server, str]:
        server = await self.server(handlers, unknown=unknown, limits=limits)
        address = await server.listen(self.free_address())
        await server.start()
        return server, address

    async def channel(self, address: str, *, limits: Limits | None = None) -> Channel:
        make = TRANSPORTS[self.transport].channel
        return await self._stack.enter_async_context(make(address, limits=limits or Limits()))

    async def pair(
        self, handlers: Handlers, *, unknown: StreamHandler | None = None, limits: Limits | None = None
    ) -> Channel:
        """Return a channel to a server of these handlers."""
        _, address = await self.serve(handlers, unknown=unknown, limits=limits)
        return await self.channel(address)

    def begin(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Do this at the same time; it is cancelled and awaited when the test ends."""
        task = asyncio.create_task(work)

        async def end() -> None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        self._stack.push_async_callback(end)
        return task


class Waiting:
    """A handler that never answers by itself, and tells what becomes of it."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.cancelled = asyncio.Event()
        self.release = asyncio.Event()

    async def unary(self, message: bytes, _call: object) -> bytes:
        await self._wait()
        return message

    async def stream(self, _stream: ServerStream) -> None:
        await self._wait()

    async def _wait(self) -> None:
        self.begun.set()
        try:
            await self.release.wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise


def failing(code: Code, text: str = "", details: bytes = b"") -> Callable[..., Coroutine[Any, Any, Any]]:
    """Return a handler, of either kind, that ends its call with this status."""

    async def fail(*_: object) -> None:
        raise StatusError(code, text, details)

    return fail
