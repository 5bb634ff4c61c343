"""A transfer's messages: one, or those that a batch has in its body, each encoded as a section of data."""

from __future__ import annotations

from typing import Any, Final

from proton import Data

_DATA: Final = 0x75
#: How an encoded message begins: a section's descriptor, as a small number.
_BEGINNING: Final = b"\x00\x53"


def messages_of(encoded: bytes) -> list[bytes]:
    """
    Return the messages, each encoded.

    Proton does not tell a transfer's format, so a batch is known by its body: encoded messages.
    """
    bodies = [value for descriptor, value in _sections(encoded) if descriptor == _DATA]
    if bodies and all(body.startswith(_BEGINNING) for body in bodies):
        return bodies
    return [encoded]


def _sections(encoded: bytes) -> list[tuple[int, Any]]:
    found: list[tuple[int, Any]] = []
    while encoded:
        data = Data()
        encoded = encoded[data.decode(encoded) :]
        data.rewind()
        data.next()
        section: Any = data.get_object()
        value = section.value
        # What Proton shows goes away with its decoder.
        found.append((int(section.descriptor), bytes(value) if isinstance(value, memoryview) else value))
    return found
