"""The caller's end of a streaming call on grpcio."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Iterable
from typing import Any, TypeAlias, TypeVar

from grpc import aio

from ..calls import ClientStream, Pairs
from ..checks import check_size
from ..status import Code, StatusError
from .statuses import being_cancelled, from_grpc

Call: TypeAlias = "aio.StreamStreamCall[bytes, bytes]"
T = TypeVar("T")

#: A status is held back while there are messages that nobody has received.
_STATUS_SECONDS = 1.0


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
        self._half_closed = False
        self._cancelled: str | None = None

    async def send(self, message: bytes) -> None:
        check_size(message, self._send_bytes)
        if self._half_closed:
            raise RuntimeError(f"{self._method}: send after half_close")
        try:
            await self._met(self._call.wait_for_connection())
            # not call.write: to it a failure to send is the end of the call, INTERNAL, whatever the peer says
            cython: Any = self._call._cython_call  # type: ignore[attr-defined]  # the stubs hide it
            await self._met(cython.send_serialized_message(message))
        except aio.InternalError as error:
            raise await self._end() from error

    async def half_close(self) -> None:
        self._half_closed = True
        with contextlib.suppress(aio.InternalError):  # the call has ended, and receive says how
            await self._met(self._call.done_writing())

    async def receive(self) -> bytes | None:
        message = await self._met(self._call.read())
        return message if isinstance(message, bytes) else None

    async def headers(self) -> Pairs:
        metadata = await self._met(self._call.initial_metadata())
        if not metadata and self._call.done():
            await self._met(self._call.read())  # of a call that is done, it is the status
        return _pairs(metadata)

    async def trailers(self) -> Pairs:
        return _pairs(await self._met(self._call.trailing_metadata()))

    def cancel(self, reason: str) -> None:
        if self._call.cancel():
            self._cancelled = reason
        # senders wait for the metadata to be sent, and grpcio does not tell them when it never will be
        self._call._metadata_sent_observer()  # type: ignore[attr-defined]  # the stubs hide it

    async def _met(self, operation: Awaitable[T]) -> T:
        try:
            return await operation
        except aio.AioRpcError as error:
            raise from_grpc(error, self._address, self._method, self._timeout) from error
        except asyncio.CancelledError as error:
            # from asyncio it says that our caller is cancelled, from grpcio that we have cancelled the call
            if being_cancelled():
                self.cancel("who waited for the call gave up")
                raise
            raise StatusError(Code.CANCELLED, self._cancelled or "grpcio cancelled the call") from error

    async def _end(self) -> StatusError:
        """Return how the call ended, which is known a moment after nothing can be sent any more."""
        try:
            async with asyncio.timeout(_STATUS_SECONDS):
                await self._call.code()
            await self._met(self._call.read())  # of a call that is done, it is the status
        except TimeoutError:
            return StatusError(Code.CANCELLED, f"{self._address} has ended {self._method}; receive says how")
        except StatusError as error:
            return error
        return StatusError(Code.CANCELLED, f"{self._address} has ended {self._method} with OK")


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
