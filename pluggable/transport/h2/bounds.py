"""What a connection grants its peer, and what it puts up with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from ngh2 import Configuration, Setting

#: Error texts travel as headers, and a stack trace of a backend has more than a few KiB.
HEADER_LIST_BYTES = 1024 * 1024
#: What one stream may send before it is read, and all of a connection together: a thousand streams that
#: nobody reads must not hold up the others.
STREAM_WINDOW = 128 * 1024
CONNECTION_WINDOW = 1000 * STREAM_WINDOW
#: Every subscription is a stream for as long as it lasts, and calls need some beside them.
STREAMS = 10_000
#: A peer that is silent for so long while it has streams is asked for a sign of life, which it has so long to
#: give: in less, one at work that holds up its own loop would look dead.
SILENCE_SECONDS = 30.0
ANSWER_SECONDS = 20.0
#: How long not to ask again who says nothing but that it lives: grpc-go's servers allow five minutes.
QUIET_SECONDS = 310.0
#: Where a connection is left for another, well before there is no number left for a stream.
LAST_NUMBER = 2**31 - 2**20

_FRAME_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """The bounds of one end; a peer that goes over one loses its connection, or is made to wait."""

    streams: int = STREAMS
    """How many streams a peer may have open at once."""
    stream_window: int = STREAM_WINDOW
    """How many bytes a stream may receive before any of them is consumed."""
    connection_window: int = CONNECTION_WINDOW
    """The same for all streams of a connection together."""
    header_list_bytes: int = HEADER_LIST_BYTES
    """
    The largest header list that is asked for, counted as RFC 9113 section 6.5.2 does.

    One of up to twice the size is still read, so that its stream alone can be refused.
    """
    resets: tuple[int, int] = (10_000, 1_000)
    """How many streams a peer may reset at once, and every second: whose deadlines pass resets many."""
    unread_acks: int = 1_000
    """How many answers to PING and SETTINGS may wait for a peer that does not read."""
    silence_seconds: float = SILENCE_SECONDS
    """After how much silence, with streams open, a peer is asked for a sign of life."""
    answer_seconds: float = ANSWER_SECONDS
    """How long it may take to give one before its connection is lost."""
    quiet_seconds: float = QUIET_SECONDS
    """After how much more silence a server is asked again."""
    last_number: int = LAST_NUMBER
    """The stream after which a client's connection takes no more."""

    @property
    def read_header_list_bytes(self) -> int:
        """The largest header list that is read at all."""
        return 2 * self.header_list_bytes

    @property
    def sent_header_list_bytes(self) -> int:
        """The largest header list that is sent to a peer that names no bound."""
        return 2 * self.header_list_bytes

    def settings(self, *, server: bool) -> dict[int, int]:
        """Return the SETTINGS to begin with."""
        settings = {
            int(Setting.INITIAL_WINDOW_SIZE): self.stream_window,
            int(Setting.MAX_HEADER_LIST_SIZE): self.header_list_bytes,
        }
        if server:
            settings[int(Setting.MAX_CONCURRENT_STREAMS)] = self.streams
        else:
            settings[int(Setting.ENABLE_PUSH)] = 0
        return settings


@cache
def configuration(bounds: Bounds) -> Configuration:
    """Return the bounds as libnghttp2's binding takes them."""
    return Configuration(
        auto_window_update=False,
        max_send_header_block_length=bounds.sent_header_list_bytes,
        max_inbound_header_list_size=bounds.read_header_list_bytes,
        max_continuations=bounds.read_header_list_bytes // _FRAME_BYTES + 1,
        max_outbound_ack=bounds.unread_acks,
        stream_reset_rate_limit=bounds.resets,
    )
