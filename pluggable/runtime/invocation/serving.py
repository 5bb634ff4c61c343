"""What other sidecars ask of this one: to call its application."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from google.protobuf.message import DecodeError

from ..._proto.dapr.proto.common.v1 import common_pb2 as common
from ..._proto.dapr.proto.internals.v1 import service_invocation_pb2 as pb
from ...transport import Code, ServerCall, ServerStream, StatusError
from ..appchannel import AppChannel, AppError
from ..bodies import Body, LongBodyError, close, whole
from . import wire
from .incoming import Incoming
from .methods import MethodError, normalized
from .remote import PIECE_BYTES
from .values import Request, Response

#: How long is waited for the end of a body of no known length before it is sent on in chunks, which not all
#: applications can read; of a request that has none as a rule, as long as Go's client waits.
PROBE_SECONDS: Final = 0.02
BODILESS_PROBE_SECONDS: Final = 0.2
_BODILESS: Final = frozenset({"GET", "HEAD", "DELETE", "OPTIONS", "TRACE"})
_EVENT_STREAM: Final = "text/event-stream"


class Serving:
    """Calls the application for other sidecars."""

    def __init__(self, app: AppChannel, most_bytes: int) -> None:
        self._app = app
        self._most_bytes = most_bytes

    async def call(self, data: bytes, _: ServerCall) -> bytes:
        """Call the application with one message, and answer with one."""
        try:
            message = pb.InternalInvokeRequest.FromString(data)
        except DecodeError as error:
            raise _unreadable(str(error)) from error
        if not message.HasField("message"):
            raise _unreadable("field Message is nil")
        response = await self._invoke(wire.request(message))
        try:
            body = await whole(response.body, self._most_bytes)
        except (AppError, LongBodyError) as error:
            raise _channel_error(error) from error
        answer = wire.response_pb(response)
        answer.message.data.value = body
        return answer.SerializeToString()

    async def call_stream(self, stream: ServerStream) -> None:
        """Call the application with a body in pieces, and answer so."""
        first = await _first(stream)
        body = Incoming(stream, first)
        try:
            request = wire.request(first.request)
            request = replace(request, body=await self._body(body, request))
            response = await self._invoke(request)
            if request.header("accept").strip().lower() == _EVENT_STREAM:
                await _check_events(response)
            await self._answer(stream, response)
        finally:
            await body.aclose()

    async def _invoke(self, request: Request) -> Response:
        if not self._app.exists:
            raise StatusError(Code.INTERNAL, "app channel is not initialized")
        try:
            return await self._app.invoke(replace(request, method=normalized(request.method)))
        except MethodError as error:
            raise StatusError(Code.INVALID_ARGUMENT, str(error)) from error
        except AppError as error:
            raise _channel_error(error) from error

    async def _body(self, body: Incoming, request: Request) -> Body:
        """Return a body whole where its length is known, or soon is."""
        if length := request.header("content-length"):
            if length.isdecimal() and int(length) <= self._most_bytes:
                try:
                    return await whole(body, self._most_bytes)
                except LongBodyError as error:
                    raise StatusError(Code.RESOURCE_EXHAUSTED, str(error)) from error
            return body
        seconds = BODILESS_PROBE_SECONDS if request.verb in _BODILESS else PROBE_SECONDS
        here = await body.here_within(seconds)
        return body if here is None else here

    async def _answer(self, stream: ServerStream, response: Response) -> None:
        body = response.body
        if isinstance(body, bytes):
            if response.over_http:  # so that the caller need not wait for more
                length = ("content-length", str(len(body)))
                headers = tuple(pair for pair in response.headers if pair[0] != length[0])
                response = replace(response, headers=(*headers, length))
            await self._send(stream, wire.response_pb(response), [body] if body else [])
            return
        try:
            await self._send(stream, wire.response_pb(response), [])
            seq = 0
            async for piece in body:
                seq = await _send_pieces(stream, piece, seq)
        except (AppError, StatusError) as error:
            raise _channel_error(error) from error
        finally:
            await body.aclose()

    async def _send(
        self, stream: ServerStream, response: pb.InternalInvokeResponse, body: list[bytes]
    ) -> None:
        """Send the first message, with as much of a whole body as goes into it, and the rest behind it."""
        message = pb.InternalInvokeResponseStream(response=response)
        rest = b""
        if body:
            message.payload.data = body[0][:PIECE_BYTES]
            rest = body[0][PIECE_BYTES:]
        await stream.send(message.SerializeToString())
        if rest:
            await _send_pieces(stream, rest, 1)


async def _first(stream: ServerStream) -> pb.InternalInvokeRequestStream:
    """Receive the message that says what is asked."""
    data = await stream.receive()
    try:
        first = pb.InternalInvokeRequestStream.FromString(data or b"")
    except DecodeError as error:
        raise _unreadable(str(error)) from error
    if not first.request.HasField("message"):
        raise _unreadable("request does not contain the required fields in the leading chunk")
    return first


async def _send_pieces(stream: ServerStream, body: bytes, seq: int) -> int:
    """Send a body in pieces from a number on, and return the number that comes next."""
    for at in range(0, len(body), PIECE_BYTES):
        payload = common.StreamPayload(data=body[at : at + PIECE_BYTES], seq=seq)
        await stream.send(pb.InternalInvokeResponseStream(payload=payload).SerializeToString())
        seq += 1
    return seq


async def _check_events(response: Response) -> None:
    """Refuse to pass on what is no stream of events to who asked for one, in daprd's words."""
    if not 200 <= response.status < 300:
        await close(response.body)
        raise StatusError(Code.INTERNAL, "error invoking app channel: no response received from stream")


def _unreadable(reason: str) -> StatusError:
    return StatusError(Code.INVALID_ARGUMENT, f"parsing InternalInvokeRequest error: {reason}")


def _channel_error(error: Exception) -> StatusError:
    return StatusError(Code.INTERNAL, f"error invoking app channel: {error}")
