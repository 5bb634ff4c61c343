"""One call, from its bytes to a component's method and back."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Generic, Protocol, Self, TypeVar

from google.protobuf.message import DecodeError

from .._called import CALLED, Called, during
from .._proto.dapr.proto.components.v1 import common_pb2
from .._wire import common, names
from .._wire.status import status_of
from ..component import Component
from ..errors import ComponentError, LimitExceededError
from ..metadata import Metadata
from ..transport import DAPRD_RECEIVE_BYTES, Code, ServerCall, ServerStream, StatusError, Stream, Unary
from .instances import PROCESS, Instance, Instances, Key

logger: logging.Logger = logging.getLogger(__name__)


class Request(Protocol):
    """A message that is received."""

    @classmethod
    def FromString(cls, data: bytes, /) -> Self:  # noqa: N802  protobuf's
        ...


class Response(Protocol):
    """A message that is sent."""

    def SerializeToString(self) -> bytes:  # noqa: N802  protobuf's
        ...


C = TypeVar("C", bound=Component)
Q = TypeVar("Q", bound=Request)

#: Keys that are kept with the metadata they were read from.
_KEPT_KEYS: Final = 256
#: What our own faults look like to a caller; the text of an exception may hold what is not for its eyes.
_FAULT: Final = "{component}: {method} failed unexpectedly; the log of the component's process says why"


class Calls(Generic[C]):
    """Makes handlers for one family of services of one component."""

    def __init__(self, component: str, family: str, instances: Instances[C]) -> None:
        self.component = component
        """Its type, such as ``state.redis``."""
        self._family = family
        self._instances = instances
        self._keys: dict[int, tuple[Mapping[str, str | bytes], str, Key]] = {}

    def unary(self, request: type[Q], answer: Callable[[C, Q], Awaitable[Response]]) -> Unary:
        """Answer with what a method of the component gives."""

        async def handle(data: bytes, call: ServerCall) -> bytes:
            token = None
            try:
                instance = self._instances.of(self._key(call))
                token = CALLED.set(instance.called(call.method))
                with instance as component:
                    response = (await answer(component, request.FromString(data))).SerializeToString()
                    if len(response) > DAPRD_RECEIVE_BYTES:
                        check_receivable(response, call)
                    return response
            except Exception as error:
                raise self.status(error, call.method) from error
            finally:
                if token is not None:
                    CALLED.reset(token)

        return Unary(handle)

    def init(self, request: type[Q], metadata: Callable[[Q, str], Metadata], response: Response) -> Unary:
        """Answer an Init with a fresh object that is ready."""

        async def handle(data: bytes, call: ServerCall) -> bytes:
            key = self._key(call)
            with during(Called(self.component, key.instance, call.method)):
                try:
                    await self._instances.init(key, metadata(request.FromString(data), key.instance))
                except Exception as error:
                    raise self.status(error, call.method) from error
                logger.info('%s "%s" is initialised', self.component, key.instance)
                return response.SerializeToString()

        return Unary(handle)

    def stream(self, handle: Callable[[Instance[C], ServerStream], Awaitable[None]]) -> Stream:
        """Answer with a stream, which keeps its instance in use until it ends."""

        async def run(stream: ServerStream) -> None:
            key = self._key(stream)
            with during(Called(self.component, key.instance, stream.method)):
                try:
                    instance = self._instances.of(key)
                    with instance:
                        await handle(instance, stream)
                except Exception as error:
                    if isinstance(error, ComponentError):
                        shown = self._instances.shown(str(error))
                        logger.warning("%s: %s ended: %s", self.component, stream.method, shown)
                    raise self.status(error, stream.method) from error

        return Stream(run)

    def features(self) -> Unary:
        """Answer with the features of the component."""

        async def answer(component: C, _: common_pb2.FeaturesRequest) -> Response:
            return common.features_response_pb(component.features)

        return self.unary(common_pb2.FeaturesRequest, answer)

    def ping(self) -> Unary:
        """Answer when the component can work; a ping for no instance asks only whether anybody is there."""

        async def answer(component: C, _: common_pb2.PingRequest) -> Response:
            await component.ping()
            return common.ping_response_pb()

        ask = self.unary(common_pb2.PingRequest, answer)

        async def handle(data: bytes, call: ServerCall) -> bytes:
            if names.INSTANCE_HEADER not in call.metadata:
                return common.ping_response_pb().SerializeToString()
            return await ask.handle(data, call)

        return Unary(handle)

    def status(self, error: Exception, method: str) -> StatusError:
        """Return what the caller is told; a failure that has no name is logged, and told without its text."""
        match error:
            case ComponentError():
                return status_of(error, self._instances.shown)
            case StatusError():
                return error
            case DecodeError():
                return _no_message(method)
        name = method.rpartition("/")[2]
        self._log(error, name)
        return StatusError(Code.INTERNAL, _FAULT.format(component=self.component, method=name))

    def _log(self, error: Exception, method: str) -> None:
        """Log a failure with its traceback, from which secrets are taken out."""
        trace = "".join(traceback.format_exception(error)).rstrip()
        if (shown := self._instances.shown(trace)) == trace:
            logger.error("%s: %s failed", self.component, method, exc_info=error)
        else:
            logger.error("%s: %s failed\n%s", self.component, method, shown)

    def _key(self, call: ServerCall) -> Key:
        """Return whose instance is called; a transport that knows metadata again is asked but once."""
        metadata, peer = call.metadata, call.peer
        known = self._keys.get(id(metadata))
        if known is not None and known[0] is metadata and known[1] == peer:
            return known[2]
        client: Any = metadata.get(names.CLIENT_HEADER) or _process(peer)
        key = Key(client, self._family, names.instance_of(metadata))
        if len(self._keys) >= _KEPT_KEYS:
            self._keys.clear()
        self._keys[id(metadata)] = metadata, peer, key
        return key


def parsed(request: type[Q], data: bytes, call: ServerCall) -> Q:
    """
    Return the message that was received.

    Raises:
        StatusError: ``INVALID_ARGUMENT``, it is none of its kind.
    """
    try:
        return request.FromString(data)
    except DecodeError as error:
        raise _no_message(call.method) from error


def _no_message(method: str) -> StatusError:
    return StatusError(Code.INVALID_ARGUMENT, f"{method}: the request is no message of this method")


def receive_limit(call: ServerCall) -> int | None:
    """Return the largest message that the caller can receive; who does not say who it is may be a daprd."""
    return None if names.CLIENT_HEADER in call.metadata else DAPRD_RECEIVE_BYTES


def check_receivable(response: bytes, call: ServerCall) -> None:
    """
    Refuse to send what the caller would refuse to receive, without saying of what.

    Raises:
        LimitExceededError: the answer is larger than the caller can receive.
    """
    limit = receive_limit(call)
    if limit is not None and len(response) > limit:
        raise LimitExceededError(
            f"{call.method}: the answer has {len(response)} bytes, the caller can receive {limit}; "
            "keep values smaller, or ask for fewer at a time"
        )


def _process(peer: str) -> str:
    """Return the process that called, where the transport tells it as ``unix:4711``."""
    process = peer.removeprefix("unix:")
    return f"{PROCESS}{process}" if process.isdecimal() else ""
