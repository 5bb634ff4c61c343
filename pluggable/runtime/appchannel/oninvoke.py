"""An application over gRPC as other applications call it: ``OnInvoke`` of ``AppCallback``."""

from __future__ import annotations

from typing import Final

from google.protobuf.message import DecodeError

from ..._proto.dapr.proto.common.v1 import common_pb2 as common
from ..._proto.google.rpc import status_pb2
from ...transport import Channel, Code, Pairs, StatusError
from .. import invocation
from ..bodies import LongBodyError, whole
from ..invocation.headers import TOKEN, as_metadata, of_metadata
from ..invocation.tracing import BINARY, NO_PARENT, PARENT, binary_of
from ..invocation.wire import invoke_request_pb
from .errors import AppAnswerError

_ON_INVOKE: Final = "/dapr.proto.runtime.v1.AppCallback/OnInvoke"


async def on_invoke(
    channel: Channel, request: invocation.Request, token: Pairs, most_bytes: int
) -> invocation.Response:
    """
    Call the application and return what it answers; a status other than OK is an answer.

    Raises:
        AppAnswerError: the request is longer than one message may be, or the answer is none.
        Exception: what reading the request's body raised.
    """
    message = common.InvokeRequest()
    invoke_request_pb(request, message)
    try:
        message.data.value = await whole(request.body, most_bytes)
    except LongBodyError as error:
        raise AppAnswerError(f"{request.method}: {error}") from error
    async with channel.stream(_ON_INVOKE, metadata=metadata_of(request.headers, token)) as stream:
        status = None
        data: bytes | None = None
        try:
            await stream.send(message.SerializeToString())
            await stream.half_close()
            data = await stream.receive()
            if data is not None:
                await stream.receive()
        except StatusError as error:
            status = error
        headers = of_metadata(await stream.headers() if status is None or status.code else ())
        trailers = of_metadata(await stream.trailers())
    if status is not None:
        return invocation.Response(
            status=status.code,
            message=status.message,
            details=_details(status),
            headers=headers,
            trailers=trailers,
        )
    return _answer(data, headers, trailers)


def metadata_of(headers: invocation.Headers, token: Pairs) -> list[tuple[str, str | bytes]]:
    """Return headers as the metadata of a call to the application, with its trace in both forms."""
    parent = next((value for name, value in headers if name == PARENT), NO_PARENT)
    left_out = {TOKEN, PARENT, BINARY}
    found = [pair for pair in as_metadata(headers) if pair[0] not in left_out]
    found.append((PARENT, parent))
    if binary := binary_of(parent):
        found.append((BINARY, binary))
    return [*found, *token]


def _answer(
    data: bytes | None, headers: invocation.Headers, trailers: invocation.Headers
) -> invocation.Response:
    try:
        answer = common.InvokeResponse.FromString(data or b"")
    except DecodeError as error:
        raise AppAnswerError("OnInvoke: the application's answer is no InvokeResponse") from error
    return invocation.Response(
        status=Code.OK,
        headers=headers,
        trailers=trailers,
        content_type=answer.content_type,
        type_url=answer.data.type_url,
        body=answer.data.value,
    )


def _details(status: StatusError) -> tuple[tuple[str, bytes], ...]:
    if not status.details:
        return ()
    try:
        found = status_pb2.Status.FromString(status.details)
    except DecodeError:
        return ()
    return tuple((detail.type_url, detail.value) for detail in found.details)
