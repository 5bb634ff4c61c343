"""gRPC's metadata as header fields."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from typing import Final

from ..calls import Pairs
from ..checks import checked
from ..h2 import Fields
from ..limits import FIELD_BYTES
from ..status import Code, StatusError

#: Fields as they are sent.
Sent = list[tuple[bytes, bytes]]

#: What RFC 9113 counts for a field beside its name and value.
_FIELD_OVERHEAD: Final = 32
#: What belongs to the protocol and not to the call's metadata.
_RESERVED: Final = frozenset(
    {
        b"content-type",
        b"te",
        b"grpc-timeout",
        b"grpc-encoding",
        b"grpc-accept-encoding",
        b"grpc-message-type",
        b"grpc-status",
        b"grpc-message",
    }
)
_PERCENT_ENCODED: Final = re.compile(rb"%[0-9a-fA-F]{2}")
_ESCAPED: Final = re.compile(rb"[^ -$&-~]|^ | $")


def fields_of(metadata: Pairs) -> Sent:
    """
    Return metadata as header fields.

    Raises:
        StatusError: ``INTERNAL``, a name or value cannot be sent; ``RESOURCE_EXHAUSTED``, one is too long.
    """
    fields = [(name.encode(), _value(value)) for name, value in checked(metadata)]
    for name, value in fields:
        if len(name) > FIELD_BYTES or len(value) > FIELD_BYTES:
            text = f"metadata {name[:40].decode()!r} has {len(name) + len(value)} bytes"
            text += f"; names and values of at most {FIELD_BYTES} can be sent"
            raise StatusError(Code.RESOURCE_EXHAUSTED, text)
    return fields


def size_of(fields: Iterable[tuple[bytes, bytes]]) -> int:
    """Return the size of a header list, counted as RFC 9113 section 6.5.2 does."""
    return sum(len(name) + len(value) + _FIELD_OVERHEAD for name, value in fields)


def check_list(fields: Iterable[tuple[bytes, bytes]], peer_bytes: int) -> None:
    """
    Refuse to send a header list that the peer would not take.

    Raises:
        StatusError: ``RESOURCE_EXHAUSTED``, with both sizes.
    """
    size = size_of(fields)
    if size > peer_bytes:
        text = f"the metadata has {size} bytes, with those of the call; the peer takes at most {peer_bytes}"
        raise StatusError(Code.RESOURCE_EXHAUSTED, text)


def metadata_of(fields: Fields) -> tuple[tuple[str, str | bytes], ...]:
    """
    Return what header fields carry for the call; a binary field that was joined is several again.

    Raises:
        ValueError: a binary field is not base64; the text names it.
    """
    found: list[tuple[str, str | bytes]] = []
    for name, value in fields:
        if name in _RESERVED or name[:1] == b":":
            continue
        key = name.decode("ascii")
        if key.endswith("-bin"):
            found += ((key, _bytes(key, part)) for part in value.split(b","))
        else:
            found.append((key, _text(value)))
    return tuple(found)


def escaped(text: str) -> bytes:
    """Return the text of a status as it travels in ``grpc-message``."""
    data = text.encode("utf-8", "replace")
    return _ESCAPED.sub(lambda match: b"%%%02X" % match[0][0], data)


def unescaped(value: bytes) -> str:
    """Return the text of ``grpc-message``, whatever was made of it on its way."""
    data = _PERCENT_ENCODED.sub(lambda match: bytes((int(match[0][1:], 16),)), value)
    return data.decode("utf-8", "replace")


def _value(value: str | bytes) -> bytes:
    if isinstance(value, bytes):
        return base64.b64encode(value).rstrip(b"=")
    return value.encode()


def _bytes(name: str, value: bytes) -> bytes:
    value = value.strip(b" ")
    try:
        return base64.b64decode(value + b"=" * (-len(value) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError(f"metadata {name!r} is not base64: {error}") from error


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
