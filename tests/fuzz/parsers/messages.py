"""The reader of gRPC's messages as a target: in whatever pieces they come, they are the same."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final

from pluggable.transport import StatusError
from pluggable.transport.ngh2.messages import Messages, whole

LIMIT: Final = 64 * 1024
_ENCODINGS: Final = (b"identity", b"gzip", b"deflate")


@asynccontextmanager
async def reader() -> AsyncIterator[Callable[[Sequence[bytes]], Awaitable[None]]]:
    """Give what reads an input in every encoding, and compares it with what comes of it at once."""

    async def feed(pieces: Sequence[bytes]) -> None:
        data = b"".join(pieces)
        whole(data, LIMIT)
        for encoding in _ENCODINGS:
            at_once, in_pieces = read([data], encoding), read(pieces, encoding)
            assert at_once == in_pieces, f"{at_once!r} came at once, {in_pieces!r} in pieces"

    yield feed


def read(pieces: Sequence[bytes], encoding: bytes) -> tuple[list[bytes], str]:
    """Return the messages and what ended them, and see that no byte is counted twice or lost."""
    messages = Messages(LIMIT, encoding)
    found: list[bytes] = []
    fed = freed = 0
    fault = ""
    try:
        for piece in pieces:
            fed += len(piece)
            freed += messages.feed(piece)
            assert freed + messages.held == fed
    except StatusError as error:
        fault = error.message
    while messages.ready:
        message, free = messages.take()
        freed += free
        assert len(message) <= LIMIT
        found.append(message)
    assert freed + messages.free() == fed
    return found, fault
