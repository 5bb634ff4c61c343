"""The body of a request that another sidecar passes on, in the pieces that it comes in."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Self

from google.protobuf.message import DecodeError

from ..._proto.dapr.proto.internals.v1 import service_invocation_pb2 as pb
from ...transport import Code, ServerStream, StatusError
from ..bodies import AHEAD_BYTES, Pieces


class Incoming(Pieces):
    """Reads a body off a call, of which the first message has been received."""

    def __init__(self, stream: ServerStream, first: pb.InternalInvokeRequestStream) -> None:
        self._stream = stream
        self._ready: deque[bytes] = deque()
        self._read = 0
        self._ended = False
        self._pending: asyncio.Task[bytes | None] | None = None
        self._keep(first)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        while not self._ready and not self._ended:
            if self._pending is None:
                self._take(await self._stream.receive())
            else:
                pending, self._pending = self._pending, None
                self._take(await pending)
        if self._ready:
            return self._ready.popleft()
        raise StopAsyncIteration

    async def aclose(self) -> None:
        self._ended = True
        self._ready.clear()
        if self._pending is not None:
            self._pending.cancel()

    async def here_within(self, seconds: float) -> bytes | None:
        """Return the body if all of it has come so soon, and is small; else it is still to be read."""
        until = asyncio.get_running_loop().time() + seconds
        while not self._ended and sum(map(len, self._ready)) <= AHEAD_BYTES:
            pending = asyncio.create_task(self._stream.receive())
            left = until - asyncio.get_running_loop().time()
            await asyncio.wait({pending}, timeout=max(left, 0))
            if not pending.done():
                self._pending = pending
                return None
            self._take(pending.result())
        if not self._ended:
            return None
        body = b"".join(self._ready)
        self._ready.clear()
        return body

    def _take(self, data: bytes | None) -> None:
        if data is None:
            self._ended = True
            return
        try:
            message = pb.InternalInvokeRequestStream.FromString(data)
        except DecodeError as error:
            raise StatusError(Code.INVALID_ARGUMENT, f"a piece of the body is none: {error}") from error
        if message.HasField("request"):
            raise StatusError(Code.INVALID_ARGUMENT, "request metadata found in non-leading chunk")
        self._keep(message)

    def _keep(self, message: pb.InternalInvokeRequestStream) -> None:
        if not message.HasField("payload"):
            return
        if message.payload.seq != self._read:
            text = f"invalid sequence number received: {message.payload.seq} (expected: {self._read})"
            raise StatusError(Code.INVALID_ARGUMENT, text)
        self._read += 1
        if message.payload.data:
            self._ready.append(message.payload.data)
