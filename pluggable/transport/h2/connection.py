"""One HTTP/2 connection on a transport of asyncio."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from functools import cached_property
from typing import Final, TypeVar, cast

import ngh2
from ngh2 import ErrorCode, NGH2Error, Role

from .bounds import Bounds, configuration
from .endpoint import Endpoint, goaway
from .hearing import closed, hear
from .keepalive import Keepalive, watch_host
from .peers import peer_of
from .stream import Stream

#: The most that is framed at once; what is left waits for the socket, and can still be reset.
_WRITE_BYTES: Final = 128 * 1024

S = TypeVar("S", bound=Stream)


class Connection(asyncio.Protocol):
    """
    Frames and streams between a transport and an endpoint.

    Whatever one read brings is handled before anything is written, and what is sent in one turn of the loop
    leaves in one write.
    """

    def __init__(self, role: Role, bounds: Bounds, endpoint: Endpoint) -> None:
        self.engine: ngh2.Connection = ngh2.Connection(role, configuration(bounds))
        self.streams: dict[int, Stream] = {}
        self.alive: bool = False
        """Whether frames can be sent; it is set when there is a transport."""
        self.writable: bool = True
        """Whether the transport takes more now."""
        self.peer_header_bytes: int = bounds.sent_header_list_bytes
        """The largest header list that the peer takes, as far as it has said."""
        self.reads: int = 0
        """How often anything was read."""
        self.newest: int = 0
        """The number of the newest stream that was begun here."""
        self.transport: asyncio.Transport
        self.over: asyncio.Future[None]
        self.role = role
        self.bounds = bounds
        self.endpoint = endpoint
        self.settled: bool = False
        """The peer's first SETTINGS have come."""
        self.half_done: set[Stream] = set()
        """Streams that have ended here before they did at the peer, and are reset when all is written."""
        self.pongs: list[Callable[[], None]] = []
        """Who waits for the answers to our PINGs, in their order."""
        self.loop: asyncio.AbstractEventLoop
        self._keepalive: Keepalive
        self._busy = False
        self._flushing = False
        self._used_up = False
        self._reason = ""
        self._leaving: asyncio.TimerHandle | None = None
        self._wanting: set[Stream] = set()
        self._soon: list[Callable[[], None]] = []

    @cached_property
    def peer(self) -> str:
        """Who is at the other end, as ``peer_of`` says it."""
        return peer_of(self.transport)

    # what asyncio tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.loop = asyncio.get_running_loop()
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is one by what it can do only
        self.over = self.loop.create_future()
        self.engine.initiate_connection(self.bounds.settings(server=self.role is Role.SERVER))
        self.engine.set_local_window_size(self.bounds.connection_window)
        self.alive = True
        self._keepalive = Keepalive(self)
        watch_host(transport, self.bounds.silence_seconds)
        self._flush()
        self.endpoint.made(self)

    def data_received(self, data: bytes) -> None:
        if not self.alive:
            return
        self.reads += 1
        self._busy = True
        try:
            self._handle(data)
        finally:
            self._busy = False
        self._flush()

    def pause_writing(self) -> None:
        self.writable = False

    def resume_writing(self) -> None:
        self.writable = True
        self._flush()

    def connection_lost(self, error: Exception | None) -> None:
        self.alive = False
        self._keepalive.stop()
        if self._leaving is not None:
            self._leaving.cancel()
        reason = self._reason or (str(error) if error else "the peer closed the connection")
        streams, self.streams = list(self.streams.values()), {}
        for stream in streams:
            closed(self, stream, None, reason)
        self.endpoint.lost(self, reason)
        if not self.over.done():
            self.over.set_result(None)

    # what streams and endpoints ask for

    def open(self, make: Callable[[int], S], fields: list[tuple[bytes, bytes]]) -> S:
        """
        Begin a stream with a request; beyond what the peer takes at once it waits for its turn.

        Before the numbers of streams run out the endpoint is told, as when the peer goes; the connection then
        closes when its streams have ended.

        Raises:
            ngh2.NGH2Error: the connection takes no more, because it is ending or has no numbers left.
        """
        stream = make(self.engine.send_request(fields))
        self.streams[stream.number] = stream
        self.newest = stream.number
        if self.newest >= self.bounds.last_number:
            self._used_up = True
            self.endpoint.going_away(self, ErrorCode.NO_ERROR)
        self.touched(stream)
        return stream

    def touched(self, _stream: Stream | None = None) -> None:
        """Write, by the end of this turn, what is to be sent."""
        if not self._busy and not self._flushing:
            self._flushing = True
            self.loop.call_soon(self._flush)

    def later(self, begin: Callable[[], None]) -> None:
        """Call this when all that came in the same read has been handled."""
        if self._busy:
            self._soon.append(begin)
        else:
            self.loop.call_soon(begin)

    def wants_room(self, stream: Stream) -> None:
        """Wake the stream when it has room."""
        self._wanting.add(stream)
        self.touched(stream)

    def finish(self, stream: Stream) -> None:
        """Reset a stream that has ended here before its peer did, when all of it is written."""
        self.half_done.add(stream)
        self.touched(stream)

    def drop(self, stream: Stream) -> None:
        """Forget a stream; it is told nothing more."""
        self.streams.pop(stream.number, None)
        self.half_done.discard(stream)
        stream.closed = True
        stream.wake()

    def ping(self, answered: Callable[[], None]) -> None:
        """Ask the peer for a sign of life, after all that it has sent so far."""
        self.pongs.append(answered)
        self._say(self.engine.ping)

    def leave(self, seconds: float) -> None:
        """
        Ask the peer for no more streams, and refuse them when it knows, or after so long.

        The connection closes when those that there are have ended.
        """
        if self.alive:
            self._say(self.engine.send_shutdown_notice)
            self._leaving = self.loop.call_later(seconds, self._leave)
            # an urgent frame would overtake the notice
            self.loop.call_soon(self.ping, self._leave)

    def close(self, reason: str, code: int = ErrorCode.NO_ERROR) -> None:
        """Say goodbye and close; what is framed already is written first."""
        if self.alive:
            self._reason = self._reason or reason
            self._say(self.engine.terminate_connection, code)
            self._flush()
            self.alive = False
            self.transport.close()

    def give_up(self, reason: str) -> None:
        """Close at once, since nobody is left to say goodbye to."""
        self._reason = self._reason or reason
        self.alive = False
        self.transport.abort()

    def over_because(self, reason: str) -> None:
        """Close, since both ends have said all."""
        self._reason = self._reason or reason
        self.alive = False
        self.transport.close()

    # inside

    def _leave(self) -> None:
        if self._leaving is not None:
            self._leaving.cancel()
        self._say(self.engine.send_goaway)

    def _say(self, what: Callable[..., None], *about: int) -> None:
        """Send a frame of the whole connection, unless that is over."""
        if self.alive:
            with contextlib.suppress(NGH2Error):  # the news of the end is under way
                what(*about)
            self.touched()

    def _handle(self, data: bytes) -> None:
        try:
            self.engine.receive_data(data)
        except NGH2Error as error:
            hear(self)
            self._break(error)
            return
        hear(self)
        while self._soon:
            soon, self._soon = self._soon, []
            for begin in soon:
                begin()

    def _flush(self) -> None:
        self._flushing = False
        if not self.alive:
            return
        while self.writable:
            data = self.engine.data_to_send(_WRITE_BYTES)
            if data:
                self.transport.write(data)
            elif not self.half_done or not self._reset_half_done():
                break
        hear(self)
        if self._wanting:
            for stream in [stream for stream in self._wanting if stream.closed or stream.has_room]:
                self._wanting.discard(stream)
                stream.wake()
        if self._used_up and not self.streams:
            self._used_up = False
            self.close("all its numbers for streams are used")

    def _reset_half_done(self) -> bool:
        """Reset what has ended here only and is written, and return whether there was any."""
        written = [stream for stream in self.half_done if not self.engine.queued_body_size(stream.number)]
        for stream in written:
            stream.reset(ErrorCode.NO_ERROR)
        return bool(written)

    def _break(self, error: NGH2Error) -> None:
        """Leave a peer that broke the protocol, or a bound, in a way that the engine does not survive."""
        self._reason = str(error)
        self.alive = False
        flood = isinstance(error, ngh2.DenialOfServiceError)
        self.transport.write(
            goaway(ErrorCode.ENHANCE_YOUR_CALM if flood else ErrorCode.PROTOCOL_ERROR, self._reason)
        )
        self.transport.close()
