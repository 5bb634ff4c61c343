"""Bindings over a socket."""

from __future__ import annotations

from dataclasses import replace

from google.protobuf.message import Message

from .._proto.dapr.proto.components.v1 import bindings_pb2 as pb
from .._wire import bindings as wire, names
from .._wire.huge import LARGE_BYTES
from ..bindings import Event, InputBinding, InvokeRequest, InvokeResponse, OutputBinding
from ..delivery import Accepted, Delivery, Rejected
from ..metadata import Metadata
from .component import RemoteComponent
from .connection import Connection
from .intake import Intake
from .pulling import Puller

_READ = names.path(names.INPUT_BINDING, "Read")
_INVOKE = names.path(names.OUTPUT_BINDING, "Invoke")
_LIST_OPERATIONS = names.path(names.OUTPUT_BINDING, "ListOperations")


class RemoteInputBinding(RemoteComponent, InputBinding):
    """A source of events over a socket."""

    service = names.INPUT_BINDING

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._intake = Intake()

    @property
    def discarded(self) -> int:
        """How many answers came after the stream of their event had ended, and so counted for nothing."""
        return self._intake.discarded

    async def read(self, deliver: Delivery[Event]) -> None:
        """Deliver events until cancelled, over as many streams as that takes."""
        await Puller(
            self._connection,
            _READ,
            source="the events",
            opening=(),
            kind=pb.ReadResponse,
            unpack=wire.read_response,
            pack=_pack,
            deliver=deliver,
            intake=self._intake,
        ).run()

    async def pause(self) -> None:
        """Take no new event; the protocol has no word for it, so what was sent goes back unanswered."""
        self._intake.pause()

    async def resume(self) -> None:
        """Take events again."""
        self._intake.resume()

    async def drained(self) -> None:
        """Wait until every event taken is answered."""
        await self._intake.drained()

    async def left(self) -> None:
        """Wait until nobody is reading any more: then the connection may go, and no answer with it."""
        await self._intake.left()

    def _init_request(self, metadata: Metadata) -> tuple[Message, type[Message]]:
        return wire.input_init_request_pb(metadata), pb.InputBindingInitResponse

    async def _after_init(self) -> None:
        """An input binding has nothing more to tell: the protocol gives it no features."""


class RemoteOutputBinding(RemoteComponent, OutputBinding):
    """Something outside that can be called, over a socket; ``operations`` are known after ``init``."""

    service = names.OUTPUT_BINDING

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.operations: tuple[str, ...] = ()

    async def invoke(self, request: InvokeRequest) -> InvokeResponse:
        if len(request.data) <= LARGE_BYTES:
            message = await self._connection.ask(_INVOKE, wire.invoke_request_pb(request), pb.InvokeResponse)
        else:
            bare = wire.invoke_request_pb(replace(request, data=b""))
            message = await self._connection.ask_holding(
                _INVOKE, bare, "data", request.data, pb.InvokeResponse
            )
        return wire.invoke_response(message)

    def _init_request(self, metadata: Metadata) -> tuple[Message, type[Message]]:
        return wire.output_init_request_pb(metadata), pb.OutputBindingInitResponse

    async def _after_init(self) -> None:
        answer = await self._connection.greet(
            _LIST_OPERATIONS, pb.ListOperationsRequest(), pb.ListOperationsResponse
        )
        self.operations = wire.operations_response(answer)


def _pack(message_id: str, outcome: Accepted | Rejected) -> bytes:
    return wire.read_request_pb(wire.Answer(message_id, outcome)).SerializeToString()
