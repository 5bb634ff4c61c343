"""How a call ended, as trailers say it, and as a peer says it that ends the call in another way."""

from __future__ import annotations

import base64
import binascii
from typing import Final

from ngh2 import ErrorCode

from ..checks import STATUS_DETAILS
from ..h2 import Fields, named
from ..limits import FIELD_BYTES
from ..status import Code, StatusError
from .headers import Sent, escaped, size_of, unescaped

RESPONSE: Final[Sent] = [(b":status", b"200"), (b"content-type", b"application/grpc")]
RESPONSE_FIELDS: Final[Fields] = tuple(RESPONSE)
OK: Final[Sent] = [(b"grpc-status", b"0")]
OK_FIELDS: Final[Fields] = tuple(OK)

#: What a server says of a deadline, as others do: its caller knows better which that was.
DEADLINE: Final = "Deadline Exceeded"

_DETAILS: Final = STATUS_DETAILS.encode()
#: Lists smaller than this are sent without a look at what the peer takes.
_SMALL_BYTES: Final = 8 * 1024

#: What the reset of a stream means for its call.
_RESETS: Final[dict[int, Code]] = {
    ErrorCode.CANCEL: Code.CANCELLED,
    ErrorCode.REFUSED_STREAM: Code.UNAVAILABLE,
    ErrorCode.ENHANCE_YOUR_CALM: Code.RESOURCE_EXHAUSTED,
    ErrorCode.INADEQUATE_SECURITY: Code.PERMISSION_DENIED,
}
#: What an answer of HTTP means for a call, by gRPC's own table.
_HTTP: Final = {
    b"400": Code.INTERNAL,
    b"401": Code.UNAUTHENTICATED,
    b"403": Code.PERMISSION_DENIED,
    b"404": Code.UNIMPLEMENTED,
    b"429": Code.UNAVAILABLE,
    b"502": Code.UNAVAILABLE,
    b"503": Code.UNAVAILABLE,
    b"504": Code.UNAVAILABLE,
}


def trailers_of(status: StatusError | None, metadata: Sent, peer_bytes: int) -> Sent:
    """Return the trailers of a call; a text that the peer would not take whole is cut."""
    if status is None:
        return [*OK, *metadata] if metadata else OK
    fields = [(b"grpc-status", b"%d" % status.code)]
    if status.message:
        fields.append((b"grpc-message", escaped(status.message)))
    if status.details:
        fields.append((_DETAILS, base64.b64encode(status.details).rstrip(b"=")))
    fields += metadata
    size = size_of(fields)
    if size <= _SMALL_BYTES:
        return fields
    return _cut([_shortened(field) for field in fields if not _unreadable(field)], peer_bytes)


def status_of(trailers: Fields) -> StatusError | None:
    """Return what trailers say, ``None`` for OK."""
    if trailers == OK_FIELDS:
        return None
    found = dict(trailers)
    number = found.get(b"grpc-status", b"")
    if number == b"0":
        return None
    text = unescaped(found.get(b"grpc-message", b""))
    if not number.isdigit():
        return _without_status(found)
    code = Code(int(number)) if int(number) in Code._value2member_map_ else Code.UNKNOWN
    return StatusError(code, text, _details(found.get(_DETAILS, b"")))


def status_of_http(fields: Fields) -> StatusError | None:
    """Return what response headers say if they are no answer of gRPC's."""
    found = dict(fields)
    kind = found.get(b"content-type", b"")
    if found.get(b":status") == b"200" and kind.startswith(b"application/grpc"):
        return None
    return _without_status(found)


def status_of_reset(code: int, reason: str, where: str) -> StatusError:
    """Return what it means that a stream was reset."""
    text = f"{where} ended the call with {named(code)}"
    return StatusError(_RESETS.get(code, Code.INTERNAL), f"{text}: {reason}" if reason else text)


def _without_status(found: dict[bytes, bytes]) -> StatusError:
    number = found.get(b":status", b"")
    if not number:
        return StatusError(Code.INTERNAL, "the call ended without a status")
    kind = found.get(b"content-type", b"no content type").decode("latin-1")
    text = f"the answer is HTTP {number.decode('latin-1')} with {kind}, which is no gRPC"
    return StatusError(_HTTP.get(number, Code.UNKNOWN), text)


def _details(value: bytes) -> bytes:
    try:
        return base64.b64decode(value + b"=" * (-len(value) % 4))
    except binascii.Error:
        return b""  # the status counts without them


def _unreadable(field: tuple[bytes, bytes]) -> bool:
    """Return whether nothing is left of the field if it is made as short as a peer reads it."""
    return field[0] == _DETAILS and len(field[1]) > FIELD_BYTES


def _shortened(field: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    name, value = field
    return (name, _ended(value[:FIELD_BYTES])) if len(value) > FIELD_BYTES else field


def _ended(text: bytes) -> bytes:
    """Return an escaped text that was cut, without the rest of a character or a space at its end."""
    whole = text[:-2] + text[-2:].partition(b"%")[0]
    return escaped(unescaped(whole).rstrip("\ufffd "))


def _cut(fields: Sent, peer_bytes: int) -> Sent:
    """Cut the text to what the peer takes, or leave out the details where that is not enough."""
    excess = size_of(fields) - peer_bytes
    kept = []
    for name, value in fields:
        if name == b"grpc-message" and excess > 0:
            left = value[: max(len(value) - excess, 0)]
            excess -= len(value) - len(left)
            kept.append((name, _ended(left)))
        elif name == _DETAILS and excess > 0:
            excess -= len(value)
        else:
            kept.append((name, value))
    return kept
