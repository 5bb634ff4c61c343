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
from ...blocks.invocation import Invocation
from ...config import RuntimeConfig
from ...errors import BlockError, NotOfferedError, NotOpenError, UnauthenticatedError
from ...invocation.headers import APP_ID, CALLEE_ID
from ...invocation.proxy import Proxy
from ...telemetry import Counter, Counters, ErrorCodes
from .status import status_of

logger: logging.Logger = logging.getLogger(__name__)

M = TypeVar("M", bound=Message)

PREFIX = "/dapr.proto.runtime.v1.Dapr/"
TOKEN = "dapr-api-token"


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


def unknown(config: RuntimeConfig, invocation: Invocation) -> StreamHandler:
    """
    Return what answers every method without a handler.

    It passes on a call that says which application it is for; of others it tells that they are not offered.
    """
    proxy = Proxy(invocation)

    async def handle(stream: ServerStream) -> None:
        try:
            check_token(stream, config.dapr_api_token)
            if target := _text(stream.metadata.get(CALLEE_ID) or stream.metadata.get(APP_ID, "")):
                await proxy.pass_on(stream, target)
                return
        except BlockError as error:
            raise status_of(error) from error
        if stream.method.startswith(PREFIX):
            raise status_of(NotOfferedError(stream.method))
        service = stream.method[1:].partition("/")[0]
        served = PREFIX.strip("/")
        raise StatusError(Code.UNIMPLEMENTED, f"there is no service {service} here, only {served}")

    return handle


def unknown_inside(invocation: Invocation) -> StreamHandler:
    """Return what answers other sidecars' calls without a handler: the application, if it is meant."""
    proxy = Proxy(invocation)

    async def handle(stream: ServerStream) -> None:
        target = _text(stream.metadata.get(CALLEE_ID) or stream.metadata.get(APP_ID, ""))
        if not target:
            service = stream.method[1:].partition("/")[0]
            text = f"there is no service {service} here, and no {APP_ID} in its metadata says whom to ask"
            raise StatusError(Code.UNIMPLEMENTED, text)
        if target.partition(".")[0] != invocation.app_id:
            text = f"{stream.method} is for {target}, and this is the sidecar of {invocation.app_id}"
            raise StatusError(Code.INVALID_ARGUMENT, text)
        await proxy.pass_in(stream)

    return handle


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")


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
