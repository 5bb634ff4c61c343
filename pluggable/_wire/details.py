"""``google.rpc.Status`` with exactly one detail, as daprd wants it, small enough for a trailer."""

from __future__ import annotations

from typing import Final

from google.protobuf.message import DecodeError

from .._proto.google.rpc import error_details_pb2 as rpc, status_pb2
from ..transport.status import Code, StatusError

#: How much text an error may carry. Transports refuse a block of headers over 8 KiB, the text travels
#: percent-encoded, and beside a detail it is there twice.
TEXT_BYTES: Final = 2048
TEXT_BESIDE_DETAIL_BYTES: Final = 768
#: What a detail itself may hold; it travels in base64.
DETAIL_BYTES: Final = 2048

#: Before the name of a detail's message, in JSON too.
TYPE_PREFIX: Final = "type.googleapis.com/"

Detail = rpc.BadRequest | rpc.ErrorInfo
_DETAILS: Final[dict[str, type[rpc.BadRequest] | type[rpc.ErrorInfo]]] = {
    "google.rpc.BadRequest": rpc.BadRequest,
    "google.rpc.ErrorInfo": rpc.ErrorInfo,
}


def packed(code: Code, text: str, detail: Detail | None = None) -> StatusError:
    """Return a status with this text and detail; a text that is too long loses its end."""
    if detail is None:
        return StatusError(code, cut(text, TEXT_BYTES))
    text = cut(text, TEXT_BESIDE_DETAIL_BYTES)
    # The code is repeated inside: grpc-go puts INTERNAL in place of a status that disagrees with itself.
    status = status_pb2.Status(code=int(code), message=text)
    status.details.add(type_url=TYPE_PREFIX + detail.DESCRIPTOR.full_name, value=detail.SerializeToString())
    return StatusError(code, text, status.SerializeToString())


def violation(field: str, description: str) -> rpc.BadRequest:
    """Return a detail that blames one field."""
    return rpc.BadRequest(
        field_violations=[
            rpc.BadRequest.FieldViolation(field=field, description=cut(description, DETAIL_BYTES))
        ]
    )


def unpacked(status: StatusError) -> tuple[str, Detail | None]:
    """Return a status's text and its one detail; anything else that came with it counts for nothing."""
    if not status.details:
        return status.message, None
    try:
        inner = status_pb2.Status.FromString(status.details)
        text = status.message or inner.message
        if len(inner.details) != 1:
            return text, None
        kind = _DETAILS.get(inner.details[0].type_url.rpartition("/")[2])
        return text, kind.FromString(inner.details[0].value) if kind else None
    except DecodeError:
        return status.message, None


def cut(text: str, size: int) -> str:
    """Return the text within so many bytes."""
    if len(text) * 4 <= size or len(encoded := text.encode()) <= size:
        return text
    return encoded[: size - 3].decode(errors="ignore") + "…"
