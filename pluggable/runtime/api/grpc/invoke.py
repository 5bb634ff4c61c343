"""Invoking applications over gRPC, by the method that passing calls on has made old."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus

from ...._proto.dapr.proto.common.v1 import common_pb2 as common
from ...._proto.dapr.proto.runtime.v1 import invoke_pb2 as pb
from ...._proto.google.rpc import error_details_pb2 as rpc, status_pb2
from ...._wire.details import TYPE_PREFIX, cut
from ....transport import Code, ServerCall, StatusError
from ... import invocation
from ...blocks.invocation import Invocation
from ...bodies import LongBodyError, whole
from ...invocation import InvokeError
from ...invocation.headers import APP_ID, TOKEN, as_metadata, of_metadata
from ...invocation.tracing import traced
from ...invocation.wire import invoke_request
from ..details import DOMAIN
from .service import Service

HTTP_STATUS = "dapr-http-status"
#: What of an application's complaint a detail tells. Source: dapr/dapr ``pkg/messaging/v1/util.go``.
_FACT_BYTES = 63
#: gRPC's code for each status of HTTP that is not a success. Source: as above.
_CODES = {
    400: Code.INTERNAL,
    401: Code.UNAUTHENTICATED,
    403: Code.PERMISSION_DENIED,
    404: Code.NOT_FOUND,
    408: Code.CANCELLED,
    409: Code.ALREADY_EXISTS,
    429: Code.RESOURCE_EXHAUSTED,
    501: Code.UNIMPLEMENTED,
    503: Code.UNAVAILABLE,
    504: Code.DEADLINE_EXCEEDED,
}


class InvokeCalls:
    """The method ``InvokeService``."""

    def __init__(self, block: Invocation, most_bytes: int) -> None:
        self._block = block
        self._most_bytes = most_bytes

    def add_to(self, service: Service) -> None:
        """Add the method."""
        service.add("InvokeService", pb.InvokeServiceRequest, self.invoke)

    async def invoke(self, request: pb.InvokeServiceRequest, call: ServerCall) -> common.InvokeResponse:
        """Call an application; its headers come beside the answer, and an HTTP one's status as a code."""
        headers = tuple(pair for pair in of_metadata(call.pairs) if pair[0] not in (APP_ID, TOKEN))
        # which tells them from those of HTTP
        headers = (("content-type", "application/grpc"), *headers)
        response = await self._block.invoke(request.id, invoke_request(request.message, traced(headers)))
        try:
            body = await whole(response.body, self._most_bytes)
        except LongBodyError as error:
            raise InvokeError(request.id, f"its answer cannot be read: {error}") from error
        metadata = _answered(response.headers)
        if response.over_http:
            metadata.append((HTTP_STATUS, str(response.status)))
        else:
            call.set_trailers(_answered(response.trailers))
        await call.send_headers(metadata)
        if status := _status(replace(response, body=b""), body):
            raise status
        answer = common.InvokeResponse(content_type=response.content_type)
        answer.data.value = body
        answer.data.type_url = response.type_url
        return answer


def _answered(headers: invocation.Headers) -> list[tuple[str, str | bytes]]:
    left_out = ("content-type", "content-length")
    return as_metadata(tuple(pair for pair in headers if pair[0] not in left_out))


def _status(response: invocation.Response, body: bytes) -> StatusError | None:
    """Return the status of an answer that is an error."""
    if not response.over_http:
        if response.status == Code.OK:
            return None
        details = status_pb2.Status(code=response.status, message=response.message)
        for type_url, value in response.details:
            details.details.add(type_url=type_url, value=value)
        code = Code(response.status) if response.status in Code._value2member_map_ else Code.UNKNOWN
        return StatusError(code, response.message, details.SerializeToString() if response.details else b"")
    if 200 <= response.status < 300:
        return None
    code = _CODES.get(response.status, Code.UNKNOWN)
    try:
        text = HTTPStatus(response.status).phrase
    except ValueError:
        text = ""
    info = rpc.ErrorInfo(reason=text, domain=DOMAIN)
    info.metadata["http.code"] = str(response.status)
    info.metadata["http.error_message"] = cut(body.decode(errors="replace")[:_FACT_BYTES], _FACT_BYTES)
    status = status_pb2.Status(code=int(code), message=text)
    status.details.add(type_url=TYPE_PREFIX + info.DESCRIPTOR.full_name, value=info.SerializeToString())
    return StatusError(code, text, status.SerializeToString())
