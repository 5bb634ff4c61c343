"""Who has connections, and the words in which one ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ngh2 import ErrorCode

from .stream import Fields, Stream

if TYPE_CHECKING:
    from .connection import Connection


class Endpoint(Protocol):
    """Who has connections, and is told of what concerns a whole one."""

    def made(self, connection: Connection) -> None:
        """Take note of a connection that has a transport; the peer has said nothing yet."""

    def settled(self, connection: Connection) -> None:
        """Take note of the peer's first SETTINGS: it speaks HTTP/2."""

    def accept(self, connection: Connection, number: int, fields: Fields) -> Stream:
        """Make the stream for a request, of a server."""

    def going_away(self, connection: Connection, code: int) -> None:
        """
        Take note that the connection takes no more streams.

        The peer goes, and streams that it did not take are closed already; or their numbers run out.
        """

    def lost(self, connection: Connection, reason: str) -> None:
        """Take note of the end of a connection; its streams are closed already."""


def named(code: int) -> str:
    """Return the name of HTTP/2's error code."""
    return ErrorCode(code).name if code in ErrorCode._value2member_map_ else f"error {code}"


def goaway(code: int, text: str) -> bytes:
    """Return a frame that says why, for when there is no engine any more to say it."""
    payload = bytes(4) + code.to_bytes(4, "big") + text.encode()[:1024]
    return len(payload).to_bytes(3, "big") + b"\x07\x00" + bytes(4) + payload
