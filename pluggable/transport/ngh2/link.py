"""The connection of a channel: made when needed, and made again when lost."""

from __future__ import annotations

import asyncio
import random
import ssl
from typing import Final

from ngh2 import Role

from ..addresses import host_and_port, socket_path
from ..channel import ChannelState
from ..h2 import Bounds, Connection, Fields, Stream
from ..status import Code, StatusError
from .outgoing import Outgoing

#: A component that was restarted is to be found again within two seconds.
RECONNECT_FIRST_SECONDS: Final = 0.1
RECONNECT_LAST_SECONDS: Final = 1.0
_GROWTH: Final = 1.6
_JITTER: Final = 0.2
#: How long one attempt may take, from the dial to the peer's settings; a busy peer must not look dead.
ATTEMPT_SECONDS: Final = 5.0
#: How long a connection may take to write its last words.
_CLOSING_SECONDS: Final = 1.0


class Link:
    """One connection for new calls, and those that go on with calls until they have ended."""

    def __init__(self, address: str, bounds: Bounds, tls: ssl.SSLContext | None = None) -> None:
        self.address = address
        self._tls = tls
        self.state: ChannelState = ChannelState.CONNECTING
        self.connection: Connection | None = None
        """Where new calls go, while the state is up."""
        self._bounds = bounds
        self._connections: set[Connection] = set()
        self._change = asyncio.Event()
        self._keeping: asyncio.Task[None] | None = None
        self._settled: asyncio.Future[None] | None = None
        self._gone = asyncio.Event()
        self._waiting: list[asyncio.Future[Connection]] = []
        self._reason = ""

    def use(self) -> None:
        """Begin to keep a connection, if that has not begun."""
        if self._keeping is None and self.state is not ChannelState.CLOSED:
            self._keeping = asyncio.get_running_loop().create_task(self._keep(), name=f"link {self.address}")

    def usable(self) -> asyncio.Future[Connection]:
        """Return what will be the connection for a call, or the error that there is none."""
        self.use()
        waiting: asyncio.Future[Connection] = asyncio.get_running_loop().create_future()
        if self.state is ChannelState.CLOSED:
            waiting.set_exception(self.closed())
        elif self.state is ChannelState.DOWN:
            waiting.set_exception(self.down())
        elif self.connection is not None:
            waiting.set_result(self.connection)
        else:
            self._waiting.append(waiting)
        return waiting

    async def changed(self, since: ChannelState) -> ChannelState:
        """Wait until the state is another than the one given, and return it."""
        self.use()
        while self.state is since:
            await self._change.wait()
        return self.state

    async def up(self) -> None:
        """
        Wait for the connection, however often it has to be tried.

        Raises:
            StatusError: ``CANCELLED``, the channel is closed.
        """
        self.use()
        while self.state is not ChannelState.UP:
            if self.state is ChannelState.CLOSED:
                raise self.closed()
            await self._change.wait()

    def retire(self, connection: Connection) -> None:
        """Make no more calls on a connection, and another one for them."""
        if connection is self.connection:
            self.connection = None
            self._turn(ChannelState.DRAINING)
            self._gone.set()

    def closed(self) -> StatusError:
        """Return why a closed channel makes no calls."""
        return StatusError(Code.CANCELLED, f"the channel to {self.address} is closed")

    def down(self) -> StatusError:
        """Return why there is no connection."""
        return StatusError(Code.UNAVAILABLE, self._reason)

    async def close(self) -> None:
        """Give up, for good, every connection and what goes by it."""
        self.connection = None
        self._turn(ChannelState.CLOSED)
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.wait([self._keeping])
        self._refuse(self.closed())
        over = []
        for connection in tuple(self._connections):
            for stream in tuple(connection.streams.values()):
                if isinstance(stream, Outgoing):
                    stream.fail(self.closed())
            connection.close("the channel was closed")
            over.append(connection.over)
        if over:
            await asyncio.wait(over, timeout=_CLOSING_SECONDS)
        for connection in tuple(self._connections):  # those whose peer does not read
            connection.transport.abort()

    # what connections tell

    def made(self, connection: Connection) -> None:
        """Count a connection."""
        self._connections.add(connection)

    def settled(self, connection: Connection) -> None:  # noqa: ARG002  only one is being made
        """Take note that the peer speaks HTTP/2."""
        if self._settled is not None and not self._settled.done():
            self._settled.set_result(None)

    def accept(self, connection: Connection, number: int, fields: Fields) -> Stream:
        """Refuse what no server sends."""
        raise NotImplementedError

    def going_away(self, connection: Connection, code: int) -> None:  # noqa: ARG002  it goes, why ever
        """Make another connection for new calls."""
        self.retire(connection)

    def lost(self, connection: Connection, reason: str) -> None:
        """Count a connection no more; if calls went there, there is none now."""
        self._connections.discard(connection)
        if connection is self.connection:
            self.connection = None
            self._fall(f"the connection to {self.address} is lost: {reason}")
            self._gone.set()

    # keeping

    async def _keep(self) -> None:
        loop = asyncio.get_running_loop()
        delay = RECONNECT_FIRST_SECONDS
        while True:
            began = loop.time()
            try:
                await self._connect()
            except StatusError as error:
                self._fall(error.message)
            else:
                await self._gone.wait()
            if loop.time() - began > RECONNECT_LAST_SECONDS and self.state is not ChannelState.DOWN:
                delay = RECONNECT_FIRST_SECONDS
                continue
            await asyncio.sleep(delay * random.uniform(1 - _JITTER, 1 + _JITTER))
            delay = min(delay * _GROWTH, RECONNECT_LAST_SECONDS)

    async def _connect(self) -> None:
        """Dial once, and have calls go there."""
        self._gone.clear()
        connection = Connection(Role.CLIENT, self._bounds, self)
        self._settled = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(ATTEMPT_SECONDS):
                await self._dial(connection)
                await asyncio.wait([self._settled, connection.over], return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError as error:
            self._give_up(connection)
            raise self._failed(f"it did not answer within {ATTEMPT_SECONDS:g} s") from error
        except OSError as error:
            raise self._failed(error.strerror or str(error)) from error
        except asyncio.CancelledError:
            self._give_up(connection)
            raise
        if not self._settled.done() or not connection.alive:
            raise self._failed("it closed the connection at once")
        self.connection = connection
        self._turn(ChannelState.UP)
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(connection)

    async def _dial(self, connection: Connection) -> None:
        loop = asyncio.get_running_loop()
        path = socket_path(self.address)
        if path is not None:
            await loop.create_unix_connection(lambda: connection, path)
        else:
            host, port = host_and_port(self.address)
            await loop.create_connection(lambda: connection, host or "localhost", port, ssl=self._tls)

    def _give_up(self, connection: Connection) -> None:
        if connection in self._connections:
            connection.transport.abort()

    def _failed(self, reason: str) -> StatusError:
        return StatusError(Code.UNAVAILABLE, f"cannot connect to {self.address}: {reason}")

    def _fall(self, reason: str) -> None:
        self._reason = reason
        self._turn(ChannelState.DOWN)
        self._refuse(self.down())

    def _refuse(self, error: StatusError) -> None:
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_exception(error)

    def _turn(self, state: ChannelState) -> None:
        if state is not self.state:
            self.state = state
            self._change.set()
            self._change = asyncio.Event()
