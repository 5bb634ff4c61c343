"""A call of another sidecar: the request goes out in pieces, and so may its answer come back."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Self

from ..._proto.dapr.proto.common.v1 import common_pb2 as common
from ..._proto.dapr.proto.internals.v1 import service_invocation_pb2 as pb
from ...transport import Channel, Code, StatusError
from ..bodies import Pieces, whole
from . import wire
from .internal import CALL_LOCAL_STREAM
from .values import Headers, Request, Response

#: A body goes in pieces of this size at most: daprd's server reads messages of up to its --max-body-size.
PIECE_BYTES = 64 * 1024


async def call(channel: Channel, request: Request, headers: Headers, most_bytes: int) -> Response:
    """
    Have another sidecar call its application, with these headers, and return the answer when that has begun.

    An answer that says its length, or comes over gRPC, is whole; of ``most_bytes`` at most.

    Raises:
        StatusError: it could not be asked, or could not call its application.
        LongBodyError: the answer is longer.
        Exception: what reading the request's body raised.
    """
    answer = RemoteAnswer(channel, request, headers)
    try:
        response = await answer.begun()
        if not response.over_http or response.status in (204, 304) or _says_length(response):
            return replace(response, body=await whole(answer, most_bytes))
    except BaseException:
        await answer.aclose()
        raise
    return replace(response, body=answer)


class RemoteAnswer(Pieces):
    """What another sidecar answers to a request, of which ``begun`` waits for all but the body."""

    def __init__(self, channel: Channel, request: Request, headers: Headers) -> None:
        self._stream = channel.stream(CALL_LOCAL_STREAM)
        self._request = request
        self._headers = headers
        self._sender: asyncio.Task[None] | None = None
        self._broken: Exception | None = None
        """Why the request's body could not be read to its end."""
        self._ready: common.StreamPayload | None = None
        self._read = 0

    async def begun(self) -> Response:
        """Send the request, a body in pieces beside what follows, and return the answer without its body."""
        first = pb.InternalInvokeRequestStream(request=wire.request_pb(self._request, self._headers))
        body = self._request.body
        if isinstance(body, bytes):
            await self._send_whole(first, body)
        else:
            await self._send(first)
            self._sender = asyncio.create_task(self._send_pieces(body))
        message = await self._receive()
        if message is None or not message.response.HasField("status"):
            text = "response does not contain the required fields in the leading chunk"
            raise StatusError(Code.INTERNAL, text)
        self._keep(message)
        return wire.response(message.response)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        while True:
            ready, self._ready = self._ready, None
            if ready is not None and ready.data:
                return ready.data
            message = await self._receive()
            if message is None:
                self._stop_sending()
                raise StopAsyncIteration
            if message.response.HasField("message") or message.response.headers:
                # which daprd's server for event streams leaves empty, and there all the same
                raise StatusError(Code.INTERNAL, "response metadata found in non-leading chunk")
            self._keep(message)

    async def aclose(self) -> None:
        self._stop_sending()
        self._stream.cancel("nobody wants the rest of the answer")

    def _keep(self, message: pb.InternalInvokeResponseStream) -> None:
        if not message.HasField("payload"):
            return
        if message.payload.seq != self._read:
            text = f"invalid sequence number received: {message.payload.seq} (expected: {self._read})"
            raise StatusError(Code.INTERNAL, text)
        self._read += 1
        self._ready = message.payload

    async def _receive(self) -> pb.InternalInvokeResponseStream | None:
        try:
            data = await self._stream.receive()
        except StatusError:
            if self._broken is not None:
                raise self._broken from None
            raise
        return None if data is None else pb.InternalInvokeResponseStream.FromString(data)

    async def _send(self, message: pb.InternalInvokeRequestStream) -> bool:
        try:
            await self._stream.send(message.SerializeToString())
        except StatusError:
            return False  # how the call ended is told to who receives
        return True

    async def _send_whole(self, first: pb.InternalInvokeRequestStream, body: bytes) -> None:
        if body:
            first.payload.data = body[:PIECE_BYTES]
        going = await self._send(first)
        for seq, at in enumerate(range(PIECE_BYTES, len(body), PIECE_BYTES), start=1):
            going = going and await self._send(_piece(body[at : at + PIECE_BYTES], seq))
        await self._stream.half_close()

    async def _send_pieces(self, body: Pieces) -> None:
        seq = 0
        try:
            async for piece in body:
                for at in range(0, len(piece), PIECE_BYTES):
                    if not await self._send(_piece(piece[at : at + PIECE_BYTES], seq)):
                        return
                    seq += 1
            await self._stream.half_close()
        except Exception as error:  # noqa: BLE001  whatever it was, it is told to who waits for the answer
            self._broken = error
            self._stream.cancel(f"the request's body cannot be read: {error}")
        finally:
            await body.aclose()

    def _stop_sending(self) -> None:
        if self._sender is not None:
            self._sender.cancel()


def _piece(data: bytes, seq: int) -> pb.InternalInvokeRequestStream:
    return pb.InternalInvokeRequestStream(payload=common.StreamPayload(data=data, seq=seq))


def _says_length(response: Response) -> bool:
    return any(name == "content-length" for name, _ in response.headers)
