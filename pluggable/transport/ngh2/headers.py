"""gRPC's metadata as header fields."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

from ..calls import Pairs
from ..checks import checked
from ..h2 import Fields

#: Fields as they are sent.
Sent = list[tuple[bytes, bytes]]

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
        StatusError: ``INTERNAL``, a name or value cannot be sent.
    """
    return [(name.encode(), _value(value)) for name, value in checked(metadata)]


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
    return value.strip(" ").encode()  # HTTP/2 knows no value that begins or ends with a space


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
