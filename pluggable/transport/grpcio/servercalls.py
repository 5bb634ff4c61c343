"""A call on grpcio as its handler sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from typing import TypeAlias, TypeVar
from urllib.parse import unquote

from grpc import aio

from ..calls import Pairs, ServerCall, ServerStream
from ..checks import check_size, checked
from ..status import Code, StatusError

#: Turns of the loop between the news of a cancellation and that of the handler's task, and one more.
_TURNS_TO_CANCELLATION = 3

Context: TypeAlias = "aio.ServicerContext[bytes, bytes]"
T = TypeVar("T")


class GrpcioServerCall(ServerCall):
    """What a handler learns of its caller."""

    def __init__(self, method: str, context: Context) -> None:
        self._method = method
        self._context = context
        self._metadata: dict[str, str | bytes] | None = None

    @property
    def method(self) -> str:
        return self._method

    @property
    def metadata(self) -> Mapping[str, str | bytes]:
        if self._metadata is None:
            self._metadata = dict(self._context.invocation_metadata() or ())
        return self._metadata

    @property
    def pairs(self) -> Pairs:
        return tuple(self._context.invocation_metadata() or ())

    @property
    def peer(self) -> str:
        peer = unquote(self._context.peer())
        return "unix:" if peer.startswith("unix:") else peer  # a client's socket has no name worth telling

    def seconds_left(self) -> float | None:
        left: float | None = self._context.time_remaining()
        return left

    async def send_headers(self, metadata: Pairs = ()) -> None:
        await _ended(self._context.send_initial_metadata(checked(metadata)))

    def set_trailers(self, metadata: Pairs) -> None:
        self._context.set_trailing_metadata(checked(metadata))


class GrpcioServerStream(GrpcioServerCall, ServerStream):
    """A call that streams."""

    def __init__(self, method: str, context: Context, send_bytes: int | None) -> None:
        super().__init__(method, context)
        self._send_bytes = send_bytes

    async def receive(self) -> bytes | None:
        message = await _ended(self._context.read())
        if isinstance(message, bytes):
            return message
        # A call that is cancelled first ends its messages, as if the caller had sent its last, and only then
        # cancels the handler. What comes of a second read comes after the news of it.
        await _ended(self._context.read())
        for _ in range(_TURNS_TO_CANCELLATION):
            await asyncio.sleep(0)
        return None

    async def send(self, message: bytes) -> None:
        check_size(message, self._send_bytes)
        await _ended(self._context.write(message))


async def _ended(operation: Awaitable[T]) -> T:
    """Await an operation of grpcio; what it raises once the call has ended is ``CANCELLED``."""
    try:
        return await operation
    except aio.UsageError as error:
        raise RuntimeError(str(error)) from error
    except aio.BaseError as error:
        raise StatusError(Code.CANCELLED, "the call has ended") from error
