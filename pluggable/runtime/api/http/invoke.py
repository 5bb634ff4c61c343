"""Invoking applications over HTTP: by path, or by a header on any path, that of Basic authentication too."""

from __future__ import annotations

import base64
import binascii
from urllib.parse import unquote, unquote_plus

from ... import invocation
from ...blocks.invocation import Invocation
from ...bodies import whole
from ...errors import MalformedRequestError
from ...invocation import NoTargetError
from ...invocation.headers import APP_ID, TOKEN, end_to_end
from ...invocation.methods import clean
from ...invocation.tracing import traced
from ..jsontext import dump
from ..trace import passed_on
from .request import Request, Response
from .router import ANY, Router

_INVOKE = ("v1.0", "invoke")
_METHOD = "/method/"
#: What the application's answer says and the server says anew.
_ANEW = frozenset({"date", "content-length"})
#: What a request says for this sidecar alone, or is said anew of its body.
_LEFT_OUT = frozenset({APP_ID, TOKEN, "host", "transfer-encoding", "expect"})
#: HTTP's status for each code of gRPC. Source: dapr/dapr ``pkg/messaging/v1/util.go``.
_STATUSES = (200, 408, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401)


class InvokeHandlers:
    """``/v1.0/invoke``, and every path that nobody else answers, where a header says whom it is for."""

    def __init__(self, block: Invocation, most_bytes: int) -> None:
        self._block = block
        self._most_bytes = most_bytes

    def add_to(self, router: Router) -> None:
        """Add the paths."""
        router.add(ANY, "/v1.0/invoke/{path...}", self.invoke_by_path, streams=True)
        router.fall_back(self.invoke, header_names=(APP_ID, "authorization"))

    async def invoke_by_path(self, request: Request, path: str) -> Response:  # noqa: ARG002  it is read unescaped
        """Call the application that header or path name."""
        return await self.invoke(request) or _no_target()

    async def invoke(self, request: Request) -> Response | None:
        """Call the application that the request names; ``None`` if it names none."""
        path = _unescaped(request.path)
        target, method = _target(path, request) or ("", "")
        if not target:
            return None
        passed_on(request.headers)  # for the baggage, which must be well-formed
        asked = invocation.Request(
            method=method,
            verb=request.method,
            query=request.query,
            headers=traced(_headers(request)),
            content_type=request.headers.get("content-type", ""),
            body=request.body if request.stream is None else request.stream,
        )
        return await self._answer(await self._block.invoke(target, asked))

    async def _answer(self, response: invocation.Response) -> Response:
        headers = [pair for pair in end_to_end(response.headers) if pair[0] not in _ANEW]
        if not response.over_http:
            return await self._of_grpc(response, headers)
        body = response.body
        if isinstance(body, bytes):
            return Response(response.status, body, response.content_type, headers)
        return Response(response.status, b"", response.content_type, headers, body)

    async def _of_grpc(self, response: invocation.Response, headers: list[tuple[str, str]]) -> Response:
        """Return what an application over gRPC answered; its errors are JSON."""
        status = _STATUSES[response.status] if response.status < len(_STATUSES) else 500
        body = await whole(response.body, self._most_bytes)
        if status == 200:
            content_type = "application/x-protobuf" if response.type_url else response.content_type
            return Response(status, body, content_type, headers)
        told: dict[str, object] = {"code": response.status}
        if response.message:
            told["message"] = response.message
        if response.details:
            told["details"] = [
                {"@type": kind, "value": base64.b64encode(value).decode()} for kind, value in response.details
            ]
        return Response(status, dump(told), headers=headers)


def _no_target() -> Response:
    raise NoTargetError


def _headers(request: Request) -> invocation.Headers:
    return tuple((name, _text(value)) for name, value in request.headers.items() if name not in _LEFT_OUT)


def _text(value: str) -> str:
    """Return a header's value, which was read byte by byte, in the encoding that it came in."""
    if value.isascii():
        return value
    try:
        return value.encode("latin-1").decode()
    except UnicodeDecodeError:
        return value


def _unescaped(path: str) -> str:
    if "%" not in path:
        return path
    try:
        return unquote(path, errors="strict")
    except UnicodeDecodeError as error:
        raise MalformedRequestError(f"the path {path} is no UTF-8 when unescaped: {error.reason}") from error


def _target(path: str, request: Request) -> tuple[str, str] | None:
    """
    Return the application and the method that a request names, as daprd reads them.

    Source: dapr/dapr ``pkg/api/http/directmessaging.go``.
    """
    named = request.headers.get(APP_ID) or _user(request.headers.get("authorization", ""))
    if named:
        return named, clean(path).removeprefix("/")
    parts = path.split("/")
    at = 0
    for word in _INVOKE:
        while at < len(parts) and not parts[at]:
            at += 1
        if at == len(parts) or parts[at] != word:
            return None
        at += 1
    while at < len(parts) and not parts[at]:
        at += 1
    target, found, method = "/".join(parts[at:]).partition(_METHOD)
    target = target.rstrip("/")
    if not found or not target:
        return None
    method = clean(method)
    return unquote_plus(target) or target, "" if method == "." else method


def _user(authorization: str) -> str:
    """Return the application that Basic authentication names: ``dapr-app-id`` as user, its id as password."""
    if not authorization.startswith("Basic "):
        return ""
    try:
        told = base64.b64decode(authorization.removeprefix("Basic "), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
    user, colon, password = told.partition(":")
    return password if colon and user.lower() == APP_ID and ":" not in password else ""
