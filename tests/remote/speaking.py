"""A component server that speaks the protocol message by message, and can die and come back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from google.protobuf.message import Message

from pluggable import transport
from pluggable._proto.dapr.proto.components.v1 import (
    bindings_pb2,
    common_pb2,
    pubsub_pb2,
    secretstore_pb2,
    state_pb2,
)
from pluggable._proto.pluggable.components.v1alpha1 import (
    configuration_pb2,
    conversation_pb2,
    crypto_pb2,
    lock_pb2,
    nameresolution_pb2,
)
from pluggable._wire import names
from pluggable._wire.status import status_of
from pluggable.errors import ComponentError, NotInitializedError
from pluggable.transport import Limits, ServerCall, ServerStream, Stream, Unary

INITS: Mapping[str, Callable[[bytes], Any]] = {
    names.STATE_STORE: state_pb2.InitRequest.FromString,
    names.CONFIGURATION_STORE: configuration_pb2.ConfigurationStoreInitRequest.FromString,
    names.LOCK_STORE: lock_pb2.LockStoreInitRequest.FromString,
    names.PUBSUB: pubsub_pb2.PubSubInitRequest.FromString,
    names.INPUT_BINDING: bindings_pb2.InputBindingInitRequest.FromString,
    names.OUTPUT_BINDING: bindings_pb2.OutputBindingInitRequest.FromString,
    names.SECRET_STORE: secretstore_pb2.SecretStoreInitRequest.FromString,
    names.SUBTLE_CRYPTO: crypto_pb2.SubtleCryptoInitRequest.FromString,
    names.NAME_RESOLVER: nameresolution_pb2.NameResolverInitRequest.FromString,
    names.CONVERSATION: conversation_pb2.ConversationInitRequest.FromString,
}


class Pulled:
    """A stream that the far end opened, from the component's side."""

    def __init__(self, stream: ServerStream) -> None:
        self.stream = stream
        self.answers: asyncio.Queue[bytes] = asyncio.Queue()
        self.gone = asyncio.Event()
        self.end: asyncio.Future[ComponentError | None] = asyncio.get_running_loop().create_future()

    async def send(self, message: Message) -> None:
        await self.stream.send(message.SerializeToString())

    async def run(self) -> None:
        """Collect what the far end says until it leaves, or the test ends the stream."""
        receiving = asyncio.create_task(self._receive())
        receiving.add_done_callback(self._left)
        try:
            if error := await self.end:
                raise status_of(error)
        finally:
            receiving.cancel()
            self.gone.set()

    def _left(self, _: asyncio.Task[None]) -> None:
        if not self.end.done():
            self.end.set_result(None)

    async def _receive(self) -> None:
        while (data := await self.stream.receive()) is not None:
            self.answers.put_nowait(data)


class Life:
    """One life of a component's process: what it was asked, and what it answers."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.inits: list[dict[str, str]] = []
        self.metadata: list[Mapping[str, str | bytes]] = []
        self.initialised: set[str] = set()
        self.features: tuple[str, ...] = ("ETAG", "TRANSACTIONAL")
        self.init_begun = asyncio.Event()
        self.init_may_end = asyncio.Event()
        self.init_may_end.set()
        self.init_error: ComponentError | None = None
        self.call_begun = asyncio.Event()
        self.call_may_end = asyncio.Event()
        self.call_may_end.set()
        self.answers: dict[str, Callable[[bytes], Message]] = {}
        self.streams: asyncio.Queue[Pulled] = asyncio.Queue()
        self.sends_headers = True
        self.services: tuple[str, ...] = (names.STATE_STORE,)

    def handlers(self) -> dict[str, transport.Handler]:
        """What this life answers: Init, Features and Ping by itself, the rest as ``answers`` says."""
        found: dict[str, transport.Handler] = {}
        for service in self.services:
            found[names.path(service, "Init")] = Unary(self._init)
            found[names.path(service, "Features")] = Unary(self._features)
            found[names.path(service, "Ping")] = Unary(self._answer)
        for path in self.answers:
            found[path] = Unary(self._answer)
        found[names.path(names.PUBSUB, "PullMessages")] = Stream(self._stream)
        found[names.path(names.INPUT_BINDING, "Read")] = Stream(self._stream)
        return found

    def on(self, service: str, method: str, answer: Message | Callable[[bytes], Message]) -> None:
        """Say what a method answers."""
        self.answers[names.path(service, method)] = answer if callable(answer) else lambda _: answer

    async def _init(self, data: bytes, call: ServerCall) -> bytes:
        service = self._called(call)
        self.init_begun.set()
        await self.init_may_end.wait()
        if self.init_error is not None:
            raise status_of(self.init_error)
        self.inits.append(dict(INITS[service](data).metadata.properties))
        self.initialised.add(service)
        return b""

    async def _features(self, _: bytes, call: ServerCall) -> bytes:
        self._called(call)
        return common_pb2.FeaturesResponse(features=self.features).SerializeToString()

    async def _answer(self, data: bytes, call: ServerCall) -> bytes:
        self._check(self._called(call))
        self.call_begun.set()
        await self.call_may_end.wait()
        answer = self.answers.get(call.method)
        try:
            return answer(data).SerializeToString() if answer else b""
        except ComponentError as error:
            raise status_of(error) from error

    async def _stream(self, stream: ServerStream) -> None:
        self._check(self._called(stream))
        if self.sends_headers:
            await stream.send_headers()
        pulled = Pulled(stream)
        self.streams.put_nowait(pulled)
        await pulled.run()

    def _called(self, call: ServerCall) -> str:
        _, service, method = call.method.split("/")
        self.calls.append(method)
        self.metadata.append(call.metadata)
        return service

    def _check(self, service: str) -> None:
        if service not in self.initialised and service in self.services:
            raise status_of(NotInitializedError(service, "orders"))


class Process:
    """A process that can die and live again at one address."""

    def __init__(self, path: Path, limits: Limits | None = None) -> None:
        self.path = path
        self.address = f"unix:{path}"
        self._limits = limits
        self._server: transport.Server | None = None

    async def live(self, life: Life) -> Life:
        """Serve a new life at the address."""
        self._server = transport.server(life.handlers(), limits=self._limits)
        await self._server.listen(self.address)
        await self._server.start()
        return life

    async def die(self) -> None:
        """Leave without a word."""
        if self._server is not None:
            await self._server.close()
            self._server = None
        self.path.unlink(missing_ok=True)
