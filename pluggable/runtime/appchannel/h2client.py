"""An HTTP/2 client for one local server in clear text, by prior knowledge: all requests on one connection."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final, Self, TypeVar

from ngh2 import NGH2Error, Role

from ...transport.addresses import joined
from ...transport.h2 import Bounds, Connection, Fields, Stream
from ..http1 import Answer as Response
from .client import BODILESS, CONNECT_SECONDS, DEFAULT_MAX_BODY_BYTES, Request, late
from .errors import AppUnreachableError
from .h2exchange import Piecewise, Whole
from .streaming import ConnectionEndedError, Held, Streamed
from .waiting import listens

#: How many requests are under way at once; further ones wait. The server may take fewer at a time.
MAX_REQUESTS: Final = 1024

T = TypeVar("T")


class H2Client:
    """
    Requests to one address; ``async with`` closes the connection.

    A request that the server has not taken, or that may be repeated and whose connection ended before its
    answer began, is sent once more on a new connection. Nothing else is ever repeated.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        max_body_bytes: int = DEFAULT_MAX_BODY_BYTES,
        max_requests: int = MAX_REQUESTS,
    ) -> None:
        self._host = host
        self._port = port
        self._max_body_bytes = max_body_bytes
        self._address = joined(host, port)
        self._connection: Connection | None = None
        self._open: set[Connection] = set()
        self._settled: asyncio.Future[None] | None = None
        self._connecting = asyncio.Lock()
        self._room = asyncio.Semaphore(max_requests)
        self._closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connection; requests under way fail, and so do later ones."""
        self._closed = True
        for connection in tuple(self._open):
            connection.close("the sidecar is going")
            connection.transport.abort()

    async def request(self, request: Request, timeout_seconds: float | None = None) -> Response:
        """
        Ask and return the whole answer.

        Raises:
            AppUnreachableError: no connection, or it ended before the answer did.
            AppTimedOutError: no whole answer in time.
            AppAnswerError: what came is no answer, or longer than allowed.
        """
        try:
            async with asyncio.timeout(timeout_seconds):
                async with self._room:
                    return await self._repeating(request, lambda there: self._whole(there, request))
        except TimeoutError as error:
            raise late(request, self._address, timeout_seconds) from error

    async def converse(self, request: Request) -> Response | Streamed:
        """
        Ask and return the answer when its head has come; its body comes in pieces.

        Raises:
            AppUnreachableError: no connection, or it ended before the answer began; reading its body raises
                it where that is cut off.
            Exception: what reading the request's body raised.
        """
        await self._room.acquire()
        try:
            answer = await self._repeating(request, lambda there: self._begun(there, request))
        except BaseException:
            self._room.release()
            raise
        held = Held(answer.body, self._room.release, lambda error: self._lost(request, error))
        return replace(answer, body=held)

    async def connectable(self) -> bool:
        """Whether somebody listens at the address."""
        return await listens(self._host, self._port)

    # --- what connections tell

    def made(self, connection: Connection) -> None:
        """Count a connection."""
        self._open.add(connection)

    def settled(self, connection: Connection) -> None:  # noqa: ARG002  only one is being made
        """Take note that the server speaks HTTP/2."""
        if self._settled is not None and not self._settled.done():
            self._settled.set_result(None)

    def accept(self, connection: Connection, number: int, fields: Fields) -> Stream:
        """Refuse what no server sends."""
        raise NotImplementedError

    def going_away(self, connection: Connection, code: int) -> None:  # noqa: ARG002  it goes, why ever
        """Ask nothing more on a connection; what is under way goes on."""
        if connection is self._connection:
            self._connection = None

    def lost(self, connection: Connection, reason: str) -> None:  # noqa: ARG002  its requests know it
        """Count a connection no more."""
        self._open.discard(connection)
        self.going_away(connection, 0)

    # --- asking

    async def _repeating(self, request: Request, ask: Callable[[Connection], Awaitable[T]]) -> T:
        """Ask, and once more where that does no harm."""
        repeats = request.may_repeat and isinstance(request.body, bytes)
        for last in (False, True):
            connection = await self._connected()
            try:
                return await ask(connection)
            except ConnectionEndedError as error:
                if last or error.answer_begun or (error.sent and not repeats):
                    raise self._lost(request, error) from error
            except NGH2Error as error:  # it takes no more requests
                self.going_away(connection, 0)
                if last:
                    raise self._lost(request, error) from error
        raise AssertionError  # the last round returns or raises

    async def _whole(self, connection: Connection, request: Request) -> Response:
        exchange = connection.open(
            lambda number: Whole(connection, number, self._max_body_bytes), self._fields(request)
        )
        exchange.send(request.body)
        try:
            return await exchange.answer
        finally:
            exchange.leave()

    async def _begun(self, connection: Connection, request: Request) -> Streamed:
        exchange = connection.open(lambda number: Piecewise(connection, number), self._fields(request))
        exchange.send(request.body)
        try:
            return await exchange.answer
        except BaseException:
            exchange.leave()
            raise

    def _lost(self, request: Request, error: Exception) -> AppUnreachableError:
        begun = isinstance(error, ConnectionEndedError) and error.answer_begun
        return AppUnreachableError(
            f"{request.method} {request.path}: the application at {self._address} closed the connection "
            + ("within its answer" if begun else "before it answered")
        )

    def _fields(self, request: Request) -> list[tuple[bytes, bytes]]:
        fields = [
            (b":method", request.method.encode()),
            (b":scheme", b"http"),
            (b":path", request.path.encode()),
            (b":authority", self._address.encode()),
        ]
        for line in request.headers.split(b"\r\n")[:-1]:
            name, _, value = line.partition(b":")
            fields.append((name.lower(), value.strip(b" \t")))
        if isinstance(request.body, bytes) and (request.body or request.method not in BODILESS):
            fields.append((b"content-length", b"%d" % len(request.body)))
        return fields

    async def _connected(self) -> Connection:
        if self._connection is not None and self._connection.alive:
            return self._connection
        async with self._connecting:
            if self._connection is None or not self._connection.alive:
                self._connection = await self._connect()
            return self._connection

    async def _connect(self) -> Connection:
        where = f"no connection to the application at {self._address}"
        if self._closed:
            raise AppUnreachableError(f"{where}: the sidecar is going")
        connection = Connection(Role.CLIENT, Bounds(), self)
        loop = asyncio.get_running_loop()
        self._settled = loop.create_future()
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await loop.create_connection(lambda: connection, self._host, self._port)
                await asyncio.wait([self._settled, connection.over], return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError as error:
            raise AppUnreachableError(f"{where} within {CONNECT_SECONDS:g} s") from error
        except OSError as error:
            raise AppUnreachableError(f"{where}: {error.strerror or error}") from error
        finally:
            if not self._settled.done() and connection in self._open:
                connection.transport.abort()
        if not self._settled.done():
            raise AppUnreachableError(f"{where}: it speaks no HTTP/2; is its protocol http, and not h2c?")
        return connection
