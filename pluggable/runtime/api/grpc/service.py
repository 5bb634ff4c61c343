"""Handlers of the gRPC API: bytes become messages, errors become statuses, calls are counted."""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections.abc import Awaitable, Callable
from typing import NoReturn, TypeVar

from google.protobuf.message import DecodeError, Message

from ....transport import Code, Handler, ServerCall, ServerStream, StatusError, Stream, StreamHandler, Unary
from ...access import ALL_OPEN, Access
from ...config import RuntimeConfig
from ...errors import BlockError, NotOfferedError, NotOpenError, UnauthenticatedError
from ...telemetry import Counter, Counters, ErrorCodes
from .status import status_of

logger: logging.Logger = logging.getLogger(__name__)

M = TypeVar("M", bound=Message)

PREFIX = "/dapr.proto.runtime.v1.Dapr/"
TOKEN = "dapr-api-token"
APP_ID = "dapr-app-id"


class Service:
    """Collects the handlers of ``dapr.proto.runtime.v1.Dapr``, all behind the same checks."""

    def __init__(
        self,
        *,
        token: str = "",
        calls: Counters | None = None,
        errors: ErrorCodes | None = None,
        log_calls: bool = False,
        access: Access = ALL_OPEN,
    ) -> None:
        self.handlers: dict[str, Handler] = {}
        self._token = token
        self._calls = calls
        self._errors = errors
        self._log_calls = log_calls
        self._access = access

    def add(
        self, method: str, request: type[M], answer: Callable[[M, ServerCall], Awaitable[Message | None]]
    ) -> None:
        """Answer a method; ``None`` is the empty message."""
        if not self._access.grpc(method):
            answer = _refuse
        path = PREFIX + method
        counted = _count(path, self._calls)

        async def handle(data: bytes, call: ServerCall) -> bytes:
            if self._log_calls:
                logger.info("gRPC API called: %s", path)
            try:
                check_token(call, self._token)
                response = await answer(parsed(request, data, path), call)
            except BlockError as error:
                status = status_of(error, self._errors)
                counted(status.code)
                raise status from error
            except StatusError as status:
                counted(status.code)
                raise
            counted(Code.OK)
            return b"" if response is None else response.SerializeToString()

        self.handlers[path] = Unary(handle)

    def add_stream(self, method: str, answer: Callable[[ServerStream], Awaitable[None]]) -> None:
        """Answer a method that streams; its call ends with OK when the answer returns."""
        if not self._access.grpc(method):
            answer = _refuse
        path = PREFIX + method
        counted = _count(path, self._calls)

        async def handle(stream: ServerStream) -> None:
            if self._log_calls:
                logger.info("gRPC API called: %s", path)
            try:
                check_token(stream, self._token)
                await answer(stream)
            except BlockError as error:
                status = status_of(error, self._errors)
                counted(status.code)
                raise status from error
            except StatusError as status:
                counted(status.code)
                raise
            except asyncio.CancelledError:
                counted(Code.CANCELLED)
                raise
            counted(Code.OK)

        self.handlers[path] = Stream(handle)


async def _refuse(*_: object) -> NoReturn:
    raise NotOpenError


def unknown(config: RuntimeConfig) -> StreamHandler:
    """Return what answers every method without a handler: which one it is, and that it is not offered."""

    async def handle(stream: ServerStream) -> None:
        try:
            check_token(stream, config.dapr_api_token)
        except UnauthenticatedError as error:
            raise status_of(error) from error
        if APP_ID in stream.metadata:
            raise status_of(NotOfferedError(f"service invocation, here of {stream.method},"))
        if stream.method.startswith(PREFIX):
            raise status_of(NotOfferedError(stream.method))
        service = stream.method[1:].partition("/")[0]
        served = PREFIX.strip("/")
        raise StatusError(Code.UNIMPLEMENTED, f"there is no service {service} here, only {served}")

    return handle


def check_token(call: ServerCall, token: str) -> None:
    """
    Return if the caller shows the token, or none is wanted.

    Raises:
        UnauthenticatedError: it shows another, or none.
    """
    if not token:
        return
    shown = call.metadata.get(TOKEN, "")
    text = shown if isinstance(shown, bytes) else shown.encode()
    if not hmac.compare_digest(text, token.encode()):
        raise UnauthenticatedError(shown=bool(shown))


async def request_of(stream: ServerStream, kind: type[M]) -> M:
    """
    Return the first message of a stream.

    Raises:
        StatusError: there is none, or it is another.
    """
    data = await stream.receive()
    if data is None:
        raise StatusError(Code.INVALID_ARGUMENT, f"{stream.method} wants a {kind.DESCRIPTOR.full_name}")
    return parsed(kind, data, stream.method)


def parsed(kind: type[M], data: bytes, path: str) -> M:
    """
    Return a message that came.

    Raises:
        StatusError: it is another.
    """
    try:
        return kind.FromString(data)
    except DecodeError as error:
        message = f"the request of {path} is no {kind.DESCRIPTOR.full_name}: {error}"
        raise StatusError(Code.INVALID_ARGUMENT, message) from error


def _count(path: str, calls: Counters | None) -> Callable[[Code], None]:
    bound: dict[Code, Counter] = {}

    def count(code: Code) -> None:
        if calls is None:
            return
        counter = bound.get(code)
        if counter is None:
            counter = bound[code] = calls.of(grpc_server_method=path, grpc_server_status=code.name)
        counter.add()

    return count
