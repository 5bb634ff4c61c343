"""Calls between sidecars as messages, both directions of each side by side."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from ..._proto.dapr.proto.common.v1 import common_pb2 as common
from ..._proto.dapr.proto.internals.v1 import apiversion_pb2, service_invocation_pb2 as pb
from .headers import over_grpc
from .values import Headers, Request, Response

_VERBS: Final = dict(common.HTTPExtension.Verb.items())
_NAMES: Final = {number: name for name, number in _VERBS.items()}


def request_pb(request: Request, headers: Headers) -> pb.InternalInvokeRequest:
    """Pack a request without its body, with these headers in place of its own."""
    message = pb.InternalInvokeRequest(ver=apiversion_pb2.V1)
    _fill(message.metadata, headers, http=not over_grpc(headers))
    invoke_request_pb(request, message.message)
    return message


def request(message: pb.InternalInvokeRequest) -> Request:
    """Return a request; its body is what it has in its one message."""
    return invoke_request(message.message, _headers(message.metadata))


def invoke_request_pb(request: Request, message: common.InvokeRequest) -> None:
    """Fill in what an application is asked, without the body."""
    message.method = request.method
    message.content_type = request.content_type
    if request.verb:
        message.http_extension.verb = _VERBS.get(request.verb.upper(), common.HTTPExtension.POST)
        message.http_extension.querystring = request.query
    if request.type_url:
        message.data.type_url = request.type_url


def invoke_request(message: common.InvokeRequest, headers: Headers) -> Request:
    """Return what an application is asked."""
    return Request(
        method=message.method,
        verb=_verb(message),
        query=message.http_extension.querystring,
        headers=headers,
        content_type=message.content_type,
        type_url=message.data.type_url,
        body=message.data.value,
    )


def response_pb(response: Response) -> pb.InternalInvokeResponse:
    """Pack an answer without its body."""
    message = pb.InternalInvokeResponse()
    message.status.code = response.status
    message.status.message = response.message
    for type_url, value in response.details:
        message.status.details.add(type_url=type_url, value=value)
    _fill(message.headers, response.headers, http=response.over_http)
    _fill(message.trailers, response.trailers, http=False)
    message.message.content_type = response.content_type
    message.message.data.type_url = response.type_url
    return message


def response(message: pb.InternalInvokeResponse) -> Response:
    """Return an answer; its body is what it has in its one message."""
    return Response(
        status=message.status.code,
        message=message.status.message,
        details=tuple((detail.type_url, detail.value) for detail in message.status.details),
        headers=_headers(message.headers),
        trailers=_headers(message.trailers),
        content_type=message.message.content_type,
        type_url=message.message.data.type_url,
        body=message.message.data.value,
    )


def _verb(message: common.InvokeRequest) -> str:
    if not message.HasField("http_extension"):
        return ""
    return _NAMES.get(message.http_extension.verb, "")


def _headers(metadata: Mapping[str, pb.ListStringValue]) -> Headers:
    return tuple((name.lower(), value) for name, values in metadata.items() for value in values.values)


def _fill(metadata: Any, headers: Headers, *, http: bool) -> None:
    """Put headers into a message's map, HTTP's by the names that Go gives them, which daprd knows them by."""
    for name, value in headers:
        metadata[_canonical(name) if http else name].values.append(value)


@lru_cache(maxsize=512)
def _canonical(name: str) -> str:
    return "-".join(part.capitalize() for part in name.split("-"))
