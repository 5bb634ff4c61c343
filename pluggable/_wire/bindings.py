"""Bindings on the wire: calls outwards, and the stream that events come in by."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .._proto.dapr.proto.components.v1 import bindings_pb2 as pb
from ..bindings import Event, InvokeRequest, InvokeResponse
from ..delivery import Accepted, Rejected
from ..metadata import Metadata
from .common import mapping, metadata_request, metadata_request_pb


@dataclass(frozen=True, slots=True)
class Answer:
    """What the application made of the event of this id."""

    message_id: str
    outcome: Accepted | Rejected


def input_init_request(message: pb.InputBindingInitRequest, name: str = "") -> Metadata:
    """Return what the component is configured with."""
    return metadata_request(message.metadata, name)


def input_init_request_pb(metadata: Metadata) -> pb.InputBindingInitRequest:
    """Pack what the component is configured with."""
    return pb.InputBindingInitRequest(metadata=metadata_request_pb(metadata))


def output_init_request(message: pb.OutputBindingInitRequest, name: str = "") -> Metadata:
    """Return what the component is configured with."""
    return metadata_request(message.metadata, name)


def output_init_request_pb(metadata: Metadata) -> pb.OutputBindingInitRequest:
    """Pack what the component is configured with."""
    return pb.OutputBindingInitRequest(metadata=metadata_request_pb(metadata))


def operations_response(message: pb.ListOperationsResponse) -> tuple[str, ...]:
    """Return what may be asked of the binding."""
    return tuple(message.operations)


def operations_response_pb(operations: Iterable[str]) -> pb.ListOperationsResponse:
    """Pack what may be asked of the binding."""
    return pb.ListOperationsResponse(operations=operations)


def invoke_request(message: pb.InvokeRequest) -> InvokeRequest:
    """Return what to do."""
    return InvokeRequest(operation=message.operation, data=message.data, metadata=mapping(message.metadata))


def invoke_request_pb(request: InvokeRequest) -> pb.InvokeRequest:
    """Pack what to do."""
    return pb.InvokeRequest(
        data=request.data, metadata=dict(request.metadata) or None, operation=request.operation
    )


def invoke_response(message: pb.InvokeResponse) -> InvokeResponse:
    """Return what the call gave; empty data is none, since the field cannot tell."""
    return InvokeResponse(
        data=message.data or None,
        metadata=mapping(message.metadata),
        content_type=message.content_type or None,
    )


def invoke_response_pb(response: InvokeResponse) -> pb.InvokeResponse:
    """Pack what the call gave."""
    return pb.InvokeResponse(
        data=response.data or b"",
        metadata=dict(response.metadata) or None,
        content_type=response.content_type or "",
    )


def read_request(message: pb.ReadRequest) -> Answer:
    """Return what the application made of an event."""
    if message.HasField("response_error"):
        return Answer(message.message_id, Rejected(message.response_error.message))
    return Answer(message.message_id, Accepted(message.response_data))


def read_request_pb(answer: Answer) -> pb.ReadRequest:
    """Pack what the application made of an event."""
    match answer.outcome:
        case Rejected(reason):
            return pb.ReadRequest(
                message_id=answer.message_id, response_error=pb.AckResponseError(message=reason)
            )
        case Accepted(data):
            return pb.ReadRequest(message_id=answer.message_id, response_data=data)


def read_response(message: pb.ReadResponse, data: bytes | None = None) -> tuple[str, Event]:
    """Return an event's id on its stream, and the event; huge data may have been taken out of it."""
    return message.message_id, Event(
        data=message.data if data is None else data,
        metadata=mapping(message.metadata),
        content_type=message.content_type or None,
    )


def read_response_pb(message_id: str, event: Event) -> pb.ReadResponse:
    """Pack an event under its id."""
    return pb.ReadResponse(
        data=event.data,
        metadata=dict(event.metadata) or None,
        content_type=event.content_type or "",
        message_id=message_id,
    )
