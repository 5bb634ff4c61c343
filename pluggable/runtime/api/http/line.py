"""The client's end of a connection: what it is sent, when it is read from, and how long either may take."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final, cast

from .slow import Watch

#: How long what a refused client still sends is taken and dropped, so that it can read why.
LINGER_SECONDS: Final = 1.0
#: How long an answer may wait without a byte of it being taken.
UNREAD_SECONDS: Final = 60.0


class Line(asyncio.Protocol):
    """A transport with its time limits; in a burst, what is written leaves together."""

    __slots__ = (
        "_deaf", "_full", "_in_burst", "_out", "_paused", "_room", "_transport", "_unread", "_watch",
        "_watched",
    )  # fmt: skip

    def __init__(self, watch: Watch) -> None:
        self._transport: asyncio.Transport
        self._watch = watch
        self._out: list[bytes] | None = None
        """What is to be written together."""
        self._in_burst = False
        self._deaf = False
        """Nothing that still arrives counts."""
        self._full = False
        self._paused = False
        self._watched = False
        self._unread = 0
        """What waited for the client to take it when that was last looked at."""
        self._room: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def pause_writing(self) -> None:
        self._full = True
        self.pause()
        self._unread = self._transport.get_write_buffer_size()
        self.limit(UNREAD_SECONDS)

    def resume_writing(self) -> None:
        self._full = False
        self.relax()
        if self._room is not None and not self._room.done():
            self._room.set_result(None)

    def expired(self) -> None:
        """End a connection whose client takes nothing of what it was sent, unless it took something."""
        size = self._transport.get_write_buffer_size()
        if size < self._unread:
            self._unread = size
            self.limit(UNREAD_SECONDS)
        else:
            self._transport.abort()

    def abort(self) -> None:
        """Close now, whatever is under way."""
        self._transport.abort()

    def limit(self, seconds: float) -> None:
        """Have ``expired`` called in so many seconds."""
        self._watched = True
        self._watch.expect(self, seconds)

    def relax(self) -> None:
        """Take the limit back."""
        self._watched = False
        self._watch.relax(self)

    def pause(self) -> None:
        """Read no more from the client."""
        if not self._paused and not self._transport.is_closing():
            self._paused = True
            self._transport.pause_reading()

    def resume(self) -> None:
        """Read on, unless the client does not take what it was sent."""
        if not self._full and self._paused:
            self._paused = False
            if not self._transport.is_closing():
                self._transport.resume_reading()

    async def give(self, data: bytes) -> bool:
        """Write, wait until the client may be sent more, and return whether it is still there."""
        self._write(data)
        self._flush()
        while self._full and not self._transport.is_closing():
            self._room = asyncio.get_running_loop().create_future()
            await self._room
        return not self._transport.is_closing()

    def _write(self, data: bytes) -> None:
        if not self._in_burst:
            if not self._transport.is_closing():
                self._transport.write(data)
        elif self._out is None:
            self._out = [data]
        else:
            self._out.append(data)

    def _flush(self) -> None:
        out, self._out = self._out, None
        if out and not self._transport.is_closing():
            if len(out) == 1:
                self._transport.write(out[0])
            else:
                self._transport.writelines(out)

    def _leave(self) -> None:
        """Close although the client is still sending, so that it can read the answer."""
        self._deaf = True
        self.relax()
        self._flush()
        if self._transport.is_closing():
            return
        if self._transport.can_write_eof():
            with contextlib.suppress(OSError):  # the client is gone
                self._transport.write_eof()
        if self._paused:
            self._paused = False
            self._transport.resume_reading()  # to drop it
        asyncio.get_running_loop().call_later(LINGER_SECONDS, self._transport.abort)

    def _close(self) -> None:
        """Close when all is written; what still arrives does not count."""
        self._deaf = True
        self._flush()
        self._transport.close()
        self._unread = self._transport.get_write_buffer_size()
        if self._unread:
            self.limit(UNREAD_SECONDS)
