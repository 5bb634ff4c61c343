"""The bounds of a connection, each with its name."""

from __future__ import annotations

from dataclasses import dataclass

#: What a daprd can receive in one message (reference: grpc-go's default, which daprd does not raise).
DAPRD_RECEIVE_BYTES = 4 * 1024 * 1024
#: What libnghttp2 decodes of one header name or value; a longer one ends its connection.
FIELD_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a server or channel takes and sends; ``None`` is no bound."""

    receive_bytes: int | None = None
    """The largest message accepted; a larger one ends its call with ``RESOURCE_EXHAUSTED``."""
    send_bytes: int | None = None
    """The largest message sent."""
