"""Bindings on a socket: one component may be both, and gets an object for each."""

from __future__ import annotations

from typing import Any

from .._proto.dapr.proto.components.v1 import bindings_pb2 as pb
from .._wire import bindings as wire, names
from .._wire.names import path
from ..bindings import Event, InputBinding, OutputBinding
from ..component import Component
from ..transport import Handler, ServerStream
from .acks import StreamDelivery
from .calls import Calls, receive_limit
from .instances import Instance


def input_handlers(calls: Calls[Any], kind: type[Component]) -> dict[str, Handler]:  # noqa: ARG001  as for every block
    """Return what answers the calls for a source of events."""
    service = names.INPUT_BINDING
    return {
        path(service, "Init"): calls.init(
            pb.InputBindingInitRequest, wire.input_init_request, pb.InputBindingInitResponse()
        ),
        path(service, "Ping"): calls.ping(),
        path(service, "Read"): calls.stream(read),
    }


def output_handlers(calls: Calls[Any], kind: type[Component]) -> dict[str, Handler]:  # noqa: ARG001  as for every block
    """Return what answers the calls for something that can be called."""
    service = names.OUTPUT_BINDING
    return {
        path(service, "Init"): calls.init(
            pb.OutputBindingInitRequest, wire.output_init_request, pb.OutputBindingInitResponse()
        ),
        path(service, "Ping"): calls.ping(),
        path(service, "Invoke"): calls.unary(pb.InvokeRequest, invoke),
        path(service, "ListOperations"): calls.unary(pb.ListOperationsRequest, list_operations),
    }


async def read(instance: Instance[Any], stream: ServerStream) -> None:
    """Answer Read, which begins without a word from the far end."""
    binding: InputBinding = instance.component
    delivery: StreamDelivery[Event] = StreamDelivery(
        stream, instance, wire.read_response_pb, limit_bytes=receive_limit(stream)
    )
    await delivery.run(binding.read(instance.observed(delivery)), _answer)


async def invoke(binding: OutputBinding, message: pb.InvokeRequest) -> pb.InvokeResponse:
    """Answer Invoke."""
    return wire.invoke_response_pb(await binding.invoke(wire.invoke_request(message)))


async def list_operations(binding: OutputBinding, _: pb.ListOperationsRequest) -> pb.ListOperationsResponse:
    """Answer ListOperations."""
    return wire.operations_response_pb(binding.operations)


def _answer(data: bytes) -> wire.Answer:
    return wire.read_request(pb.ReadRequest.FromString(data))
