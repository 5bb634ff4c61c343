"""The caller's end of a streaming call on grpcio."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from typing import TypeAlias, TypeVar

from grpc import aio

from ..calls import ClientStream, Pairs
from ..status import Code, StatusError
from .statuses import check_size, from_grpc

Call: TypeAlias = "aio.StreamStreamCall[bytes, bytes]"
T = TypeVar("T")


class GrpcioStream(ClientStream):
    """A call under way."""

    def __init__(
        self, call: Call, address: str, method: str, timeout: float | None, send_bytes: int | None
    ) -> None:
        self._call = call
        self._address = address
        self._method = method
        self._timeout = timeout
        self._send_bytes = send_bytes
        self._cancelled: str | None = None

    async def send(self, message: bytes) -> None:
        check_size(message, self._send_bytes)
        try:
            await self._met(self._call.write(message))
        except asyncio.InvalidStateError as error:
            if not self._call.done():
                raise RuntimeError(f"{self._method}: send after half_close") from error
            await self._raise_end()
            raise StatusError(Code.CANCELLED, f"{self._address} has ended {self._method} with OK") from error

    async def half_close(self) -> None:
        await self._met(self._call.done_writing())

    async def receive(self) -> bytes | None:
        message = await self._met(self._call.read())
        return message if isinstance(message, bytes) else None

    async def headers(self) -> Pairs:
        metadata = await self._met(self._call.initial_metadata())
        if not metadata and self._call.done():
            await self._raise_end()
        return _pairs(metadata)

    async def trailers(self) -> Pairs:
        return _pairs(await self._met(self._call.trailing_metadata()))

    def cancel(self, reason: str) -> None:
        if not self._call.done():
            self._cancelled = reason
            self._call.cancel()

    async def _met(self, operation: Awaitable[T]) -> T:
        try:
            return await operation
        except aio.AioRpcError as error:
            raise from_grpc(error, self._address, self._method, self._timeout) from error
        except asyncio.CancelledError as error:
            # grpcio says this way that we cancelled the call; asyncio, that somebody cancels the caller
            task = asyncio.current_task()
            if self._cancelled is None or (task is not None and task.cancelling()):
                raise
            raise StatusError(Code.CANCELLED, self._cancelled) from error

    async def _raise_end(self) -> None:
        await self._met(self._call.read())  # of a call that is done, it is the status


class EndedStream(ClientStream):
    """A call that could not begin: every use of it says why."""

    def __init__(self, error: StatusError) -> None:
        self._error = error

    async def send(self, message: bytes) -> None:  # noqa: ARG002
        raise self._error

    async def half_close(self) -> None:
        pass

    async def receive(self) -> bytes | None:
        raise self._error

    async def headers(self) -> Pairs:
        raise self._error

    async def trailers(self) -> Pairs:
        return ()

    def cancel(self, reason: str) -> None:
        pass


def _pairs(metadata: Iterable[tuple[str, str | bytes]]) -> Pairs:
    return tuple(metadata)
