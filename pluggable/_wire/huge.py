"""Messages around a huge value, put together in pieces: one copy of it all would hold every thread."""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from typing import Final, TypeVar

from google.protobuf.message import DecodeError, Message

#: Values longer than this are worth the trouble.
LARGE_BYTES: Final = 1024 * 1024
_PIECE_BYTES: Final = 1024 * 1024
#: Protobuf's wire type of what has a length.
_LENGTH_DELIMITED: Final = 2
_WIRE_TYPE: Final = 7

_VARINT_BITS: Final = 70

M = TypeVar("M", bound=Message)

#: A message on the wire, as the pieces it consists of.
Pieces = list[bytes]


def with_bytes(message: Message, field: str, value: bytes) -> bytes:
    """Return the message as it is on the wire, with this value in a field of bytes that it leaves empty."""
    return joined(holding(message, field, value))


def holding(message: Message, field: str, value: bytes) -> Pieces:
    """Return the pieces of a message with this value in a field of bytes that it leaves empty."""
    return [message.SerializeToString(), *within(type(message), field, [value])]


def within(kind: type[Message], field: str, pieces: Pieces) -> Pieces:
    """Return the pieces of a field of this kind of message, in which those are."""
    number = kind.DESCRIPTOR.fields_by_name[field].number
    return [_varint(number << 3 | _LENGTH_DELIMITED) + _varint(sum(map(len, pieces))), *pieces]


def joined(pieces: Iterable[bytes | memoryview]) -> bytes:
    """Return the pieces as one, copied so that other threads have their turn in between."""
    whole = BytesIO()
    for piece in pieces:
        view = memoryview(piece)
        for at in range(0, len(view), _PIECE_BYTES):
            whole.write(view[at : at + _PIECE_BYTES])
    return whole.getvalue()


def parted(kind: type[M], field: str, data: bytes) -> tuple[M, bytes]:
    """
    Return a message without what is in its field of bytes, and that; as `holding` puts them together.

    Raises:
        DecodeError: it is no message.
    """
    wanted = kind.DESCRIPTOR.fields_by_name[field].number << 3 | _LENGTH_DELIMITED
    rest: Pieces = []
    value: memoryview = memoryview(b"")
    view = memoryview(data)
    at = 0
    while at < len(data):
        tag, begin = _varint_at(data, at)
        if tag & _WIRE_TYPE != _LENGTH_DELIMITED:  # unknown to us: protobuf knows how to pass over it
            message = kind.FromString(data)
            value_of = getattr(message, field)
            message.ClearField(field)
            return message, value_of
        size, content = _varint_at(data, begin)
        end = content + size
        if end > len(data):
            raise DecodeError(f"a field ends at {end}, the message has {len(data)} bytes")
        if tag == wanted:
            value = view[content:end]
        else:
            rest.append(data[at:end])
        at = end
    return kind.FromString(b"".join(rest)), joined([value])


def _varint_at(data: bytes, at: int) -> tuple[int, int]:
    """Return a number, and where it ends."""
    value = shift = 0
    while at < len(data) and shift < _VARINT_BITS:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte <= 0x7F:
            return value, at
        shift += 7
    raise DecodeError(f"a number does not end at {at}")


def _varint(value: int) -> bytes:
    parts = bytearray()
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)
