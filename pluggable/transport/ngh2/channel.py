"""The calling end on HTTP/2 of our own."""

from __future__ import annotations

import asyncio
import ssl

from ngh2 import NGH2Error

from ..calls import ClientStream, Pairs
from ..channel import Channel, ChannelState
from ..checks import check_size
from ..h2 import Bounds, Connection
from ..limits import Limits
from ..status import Code, StatusError
from .clientstream import Ngh2Stream, Wire
from .link import Link
from .messages import write_message
from .outgoing import Ending, Request, Requests, UnaryOutgoing


class Ngh2Channel(Channel):
    """
    A channel on libnghttp2 and the running loop. Once used, it keeps a connection until it is closed.

    When its peer wants no new calls it is ``DRAINING`` until there is another connection;
    what is under way goes on.
    """

    def __init__(
        self,
        address: str,
        *,
        limits: Limits,
        bounds: Bounds | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.address = address
        self._limits = limits
        self._link = Link(address, bounds or Bounds(), tls)
        # as grpc-go says it of a socket, whose path some servers refuse
        authority = "localhost" if address.startswith("unix:") else address
        self._requests = Requests(authority, b"http" if tls is None else b"https")

    @property
    def state(self) -> ChannelState:
        return self._link.state

    async def changed(self, since: ChannelState) -> ChannelState:
        return await self._link.changed(since)

    async def _up(self) -> None:
        await self._link.up()

    async def unary(
        self, method: str, request: bytes, *, metadata: Pairs = (), timeout: float | None = None
    ) -> bytes:
        loop = asyncio.get_running_loop()
        ending = Ending(self.address, method, timeout)
        until = None if timeout is None else loop.time() + timeout
        connection = self._link.connection
        if connection is None:
            connection = await self._connected(ending)
        check_size(request, self._limits.send_bytes)
        answer: asyncio.Future[bytes] = loop.create_future()
        call = self._begin_unary(connection, ending, metadata, answer)
        write_message(call, request, last=True)
        timer = None if until is None else loop.call_at(until, call.expire)
        try:
            return await answer
        except asyncio.CancelledError:
            call.reset()
            if answer.done() and not answer.cancelled():
                answer.exception()  # nobody is left to see it
            raise
        finally:
            if timer is not None:
                timer.cancel()

    def stream(self, method: str, *, metadata: Pairs = (), timeout: float | None = None) -> ClientStream:
        stream = Ngh2Stream(Ending(self.address, method, timeout), self._limits)
        try:
            request = self._requests.of(method, metadata, timeout)
        except StatusError as error:
            stream.fail(error)
            return stream

        def begin(usable: asyncio.Future[Connection]) -> None:
            if (error := usable.exception()) is not None:
                assert isinstance(error, StatusError)  # the link knows no other
                stream.fail(error)
            elif not stream.over:
                self._begin_stream(usable.result(), stream, request)

        connection = self._link.connection
        if connection is None:
            self._link.usable().add_done_callback(begin)
        else:
            self._begin_stream(connection, stream, request)
        return stream

    async def close(self) -> None:
        if self._link.state is not ChannelState.CLOSED:
            await self._link.close()

    async def _connected(self, ending: Ending) -> Connection:
        try:
            async with asyncio.timeout(ending.timeout):
                return await self._link.usable()
        except TimeoutError as error:
            raise ending.late() from error

    def _begin_unary(
        self, connection: Connection, ending: Ending, metadata: Pairs, answer: asyncio.Future[bytes]
    ) -> UnaryOutgoing:
        fields, size = self._requests.of(ending.method, metadata, ending.timeout)
        if size > connection.peer_header_bytes:
            raise self._too_large(connection, size)
        call: UnaryOutgoing
        try:
            call = connection.open(
                lambda number: UnaryOutgoing(connection, number, ending, answer, self._limits), fields
            )
        except NGH2Error as error:
            raise self._no_more(connection, error) from error
        return call

    def _begin_stream(self, connection: Connection, stream: Ngh2Stream, request: Request) -> None:
        fields, size = request
        if size > connection.peer_header_bytes:
            stream.fail(self._too_large(connection, size))
            return
        try:
            wire = connection.open(lambda number: Wire(connection, number, stream), fields)
        except NGH2Error as error:
            stream.fail(self._no_more(connection, error))
        else:
            stream.begin(wire)

    def _too_large(self, connection: Connection, size: int) -> StatusError:
        text = f"the metadata has {size} bytes, with those of the call"
        text += f"; {self.address} takes at most {connection.peer_header_bytes}"
        return StatusError(Code.RESOURCE_EXHAUSTED, text)

    def _no_more(self, connection: Connection, error: NGH2Error) -> StatusError:
        """Leave a connection that takes no more calls."""
        self._link.retire(connection)
        return StatusError(Code.UNAVAILABLE, f"the connection to {self.address} takes no more calls: {error}")
