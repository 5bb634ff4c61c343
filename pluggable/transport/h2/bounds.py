"""What a connection grants its peer, and what it puts up with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from ngh2 import Configuration, Setting

#: Error texts travel as headers, and a stack trace of a backend has more than a few KiB.
HEADER_LIST_BYTES = 1024 * 1024
#: What one stream may send before it is read, and all of a connection together: streams that nobody reads
#: must not hold up the others.
STREAM_WINDOW = 128 * 1024
STREAMS = 1000
CONNECTION_WINDOW = STREAMS * STREAM_WINDOW

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
    """The largest header list, counted as RFC 9113 section 6.5.2 does."""
    resets: tuple[int, int] = (10_000, 1_000)
    """How many streams a peer may reset at once, and every second: whose deadlines pass resets many."""
    unread_acks: int = 1_000
    """How many answers to PING and SETTINGS may wait for a peer that does not read."""

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
        max_send_header_block_length=2 * bounds.header_list_bytes,
        max_inbound_header_list_size=bounds.header_list_bytes,
        max_continuations=bounds.header_list_bytes // _FRAME_BYTES + 1,
        max_outbound_ack=bounds.unread_acks,
        stream_reset_rate_limit=bounds.resets,
    )
