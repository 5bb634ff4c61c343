"""Messages around a huge value, put together in pieces: one copy of it all would hold every thread."""

from __future__ import annotations

from io import BytesIO
from typing import Final

from google.protobuf.message import Message

#: Values longer than this are worth the trouble.
LARGE_BYTES: Final = 1024 * 1024
_PIECE_BYTES: Final = 1024 * 1024
#: Protobuf's wire type of what has a length.
_LENGTH_DELIMITED: Final = 2


def with_bytes(message: Message, field: str, value: bytes) -> bytes:
    """Return the message as it is on the wire, with this value in a field of bytes that it leaves empty."""
    number = message.DESCRIPTOR.fields_by_name[field].number
    whole = BytesIO()
    whole.write(message.SerializeToString())
    whole.write(_varint(number << 3 | _LENGTH_DELIMITED) + _varint(len(value)))
    view = memoryview(value)
    for at in range(0, len(value), _PIECE_BYTES):
        whole.write(view[at : at + _PIECE_BYTES])
    return whole.getvalue()


def _varint(value: int) -> bytes:
    parts = bytearray()
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)
