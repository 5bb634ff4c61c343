"""Errors of the blocks as gRPC statuses with ``google.rpc`` details."""

from __future__ import annotations

from google.protobuf.message import Message

from ...._proto.google.rpc import error_details_pb2 as rpc, status_pb2
from ...._wire.details import TEXT_BESIDE_DETAIL_BYTES, TEXT_BYTES, TYPE_PREFIX, cut
from ....transport import Code, StatusError
from ...errors import BlockError
from ...telemetry import ErrorCodes
from ..details import Detail, ErrorInfo, FieldViolation, HelpLink, ResourceInfo
from ..errors import category, grpc_answer

#: What one fact, description or link may hold: all of it travels in one header.
_FACT_BYTES = 512


def status_of(error: BlockError, counted: ErrorCodes | None = None) -> StatusError:
    """
    Return the status for an error, by the one table, and count it.

    A text too long for a header loses its end.
    """
    answer = grpc_answer(error)
    if counted is not None:
        counted.add(answer.code, category(error))
    code = Code(answer.status)
    if not answer.details:
        return StatusError(code, cut(answer.message, TEXT_BYTES))
    text = cut(answer.message, TEXT_BESIDE_DETAIL_BYTES)
    status = status_pb2.Status(code=int(code), message=text)
    for detail in answer.details:
        message = _message(detail)
        status.details.add(
            type_url=TYPE_PREFIX + message.DESCRIPTOR.full_name, value=message.SerializeToString()
        )
    return StatusError(code, text, status.SerializeToString())


def _message(detail: Detail) -> Message:
    match detail:
        case ErrorInfo():
            facts = {key: cut(value, _FACT_BYTES) for key, value in (detail.metadata or {}).items()}
            return rpc.ErrorInfo(reason=detail.reason, domain=detail.domain, metadata=facts)
        case ResourceInfo():
            description = cut(detail.description, _FACT_BYTES)
            return rpc.ResourceInfo(
                resource_type=detail.type, resource_name=detail.name, description=description
            )
        case FieldViolation():
            violation = rpc.BadRequest.FieldViolation(
                field=cut(detail.field, _FACT_BYTES), description=cut(detail.description, _FACT_BYTES)
            )
            return rpc.BadRequest(field_violations=[violation])
        case HelpLink():
            return rpc.Help(links=[rpc.Help.Link(url=detail.url, description=detail.description)])
