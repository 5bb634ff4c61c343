"""Our handlers as grpcio calls them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, NoReturn, TypeAlias, TypeVar

import grpc
from grpc import aio

from ..calls import Handler, Handlers, ServerStream, StreamHandler, Unary, UnaryHandler
from ..checks import STATUS_DETAILS, check_size
from ..status import Code, StatusError
from .servercalls import Context, GrpcioServerCall, GrpcioServerStream
from .statuses import DETAILS_BYTES, fitted, to_grpc

_LOG = logging.getLogger(__name__)

_MethodHandler: TypeAlias = "grpc.RpcMethodHandler[bytes, bytes]"
T = TypeVar("T")


class Answering(grpc.GenericRpcHandler):
    """Finds the handler of each call, and knows which are at work."""

    def __init__(self, handlers: Handlers, unknown: StreamHandler | None, send_bytes: int | None) -> None:
        self.at_work: set[asyncio.Task[Any]] = set()
        self._send_bytes = send_bytes
        self._unknown = unknown or _refuse
        self._known = {method: self._method_handler(method, handler) for method, handler in handlers.items()}

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> _MethodHandler:
        method = handler_call_details.method
        return self._known.get(method) or self._stream_handler(method, self._unknown)

    def _method_handler(self, method: str, handler: Handler) -> _MethodHandler:
        if isinstance(handler, Unary):
            unary = _UnaryMethod(method, handler.handle, self._send_bytes, self.at_work)
            return grpc.unary_unary_rpc_method_handler(unary.answer)
        return self._stream_handler(method, handler.handle)

    def _stream_handler(self, method: str, handle: StreamHandler) -> _MethodHandler:
        stream = _StreamMethod(method, handle, self._send_bytes, self.at_work)
        return grpc.stream_stream_rpc_method_handler(stream.answer)


class _Method:
    def __init__(self, name: str, send_bytes: int | None, at_work: set[asyncio.Task[Any]]) -> None:
        self._name = name
        self._send_bytes = send_bytes
        self._at_work = at_work

    async def _guard(self, context: Context, work: Coroutine[Any, Any, T]) -> T:
        """Await what the handler does; if it fails, the caller gets a status and grpcio nothing to log."""
        task = asyncio.current_task()
        assert task is not None  # grpcio runs each call in one of its own
        self._at_work.add(task)
        try:
            try:
                return await work
            except StatusError as error:
                status = error
            except asyncio.CancelledError:
                if task.cancelling():
                    raise
                status = StatusError(Code.CANCELLED, f"the handler of {self._name} gave up")
            except Exception:  # noqa: BLE001  the call ends, the server goes on
                _LOG.exception("the handler of %s failed", self._name)
                text = f"the handler of {self._name} failed; the log of the server says why"
                status = StatusError(Code.UNKNOWN, text)
            await _abort(context, status)
        finally:
            self._at_work.discard(task)


class _UnaryMethod(_Method):
    def __init__(
        self, name: str, handle: UnaryHandler, send_bytes: int | None, at_work: set[asyncio.Task[Any]]
    ) -> None:
        super().__init__(name, send_bytes, at_work)
        self._handle = handle

    async def answer(self, request: bytes, context: Context) -> bytes:
        return await self._guard(context, self._answer(request, context))

    async def _answer(self, request: bytes, context: Context) -> bytes:
        answer = await self._handle(request, GrpcioServerCall(self._name, context))
        check_size(answer, self._send_bytes)
        return answer


class _StreamMethod(_Method):
    def __init__(
        self, name: str, handle: StreamHandler, send_bytes: int | None, at_work: set[asyncio.Task[Any]]
    ) -> None:
        super().__init__(name, send_bytes, at_work)
        self._handle = handle

    async def answer(self, _requests: object, context: Context) -> None:
        await self._guard(context, self._answer(context))

    async def _answer(self, context: Context) -> None:
        await self._handle(GrpcioServerStream(self._name, context, self._send_bytes))


async def _abort(context: Context, status: StatusError) -> NoReturn:
    trailers = tuple(context.trailing_metadata() or ())
    if status.details and len(status.details) <= DETAILS_BYTES:
        trailers = (*trailers, (STATUS_DETAILS, status.details))
    try:
        await context.abort(to_grpc(status.code), fitted(status.message), trailers)
    except aio.InternalError as error:
        raise asyncio.CancelledError("the caller is gone") from error


async def _refuse(stream: ServerStream) -> None:
    service, _, name = stream.method.strip("/").rpartition("/")
    raise StatusError(Code.UNIMPLEMENTED, f"unknown method {name} for service {service}")
