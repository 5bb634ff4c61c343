"""An HTTP/2 client for one local server in clear text, by prior knowledge: all requests on one connection."""

from __future__ import annotations

import asyncio
from typing import Final, Self

from ngh2 import ErrorCode, NGH2Error, Role

from ...transport.h2 import Bounds, Connection, Fields, Stream
from ..http1 import Answer as Response
from .asking import whole_body
from .client import CONNECT_SECONDS, DEFAULT_MAX_BODY_BYTES, Request
from .errors import AppAnswerError, AppTimedOutError, AppUnreachableError
from .streaming import ConnectionEndedError
from .waiting import listens

#: How many requests are under way at once; further ones wait. The server may take fewer at a time.
MAX_REQUESTS: Final = 1024


class H2Client:
    """
    Requests to one address; ``async with`` closes the connection.

    A request that the server has not taken, or that may be repeated and whose connection ended before its
    answer began, is sent once more on a new connection. Nothing else is ever repeated.
    """

    def __init__(self, host: str, port: int, *, max_body_bytes: int = DEFAULT_MAX_BODY_BYTES) -> None:
        self._host = host
        self._port = port
        self._max_body_bytes = max_body_bytes
        shown = f"[{host}]" if ":" in host else host
        self._address = f"{shown}:{port}"
        self._connection: Connection | None = None
        self._open: set[Connection] = set()
        self._settled: asyncio.Future[None] | None = None
        self._connecting = asyncio.Lock()
        self._room = asyncio.Semaphore(MAX_REQUESTS)
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
                    body = await whole_body(request, self._max_body_bytes)
                    return await self._request(request, body)
        except TimeoutError as error:
            raise AppTimedOutError(
                f"{request.method} {request.path} to the application at {self._address}: "
                f"no answer within {timeout_seconds:g} s"
            ) from error

    async def converse(self, request: Request) -> Response:
        """Ask with the whole body and return the whole answer."""
        return await self.request(request)

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

    async def _request(self, request: Request, body: bytes) -> Response:
        for last in (False, True):
            connection = await self._connected()
            try:
                return await self._exchange(connection, request, body)
            except ConnectionEndedError as error:
                if last or error.answer_begun or (error.sent and not request.may_repeat):
                    raise AppUnreachableError(
                        f"{request.method} {request.path}: the application at {self._address} closed the "
                        + ("connection within its answer" if error.answer_begun else "connection, unanswered")
                    ) from error
        raise AssertionError  # the last round returns or raises

    async def _exchange(self, connection: Connection, request: Request, body: bytes) -> Response:
        answer: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        try:
            exchange = connection.open(
                lambda number: Exchange(connection, number, answer, self._max_body_bytes),
                self._fields(request, len(body)),
            )
        except NGH2Error as error:
            self.going_away(connection, 0)
            raise ConnectionEndedError(sent=False, answer_begun=False) from error
        exchange.write(body, last=True)
        try:
            return await answer
        finally:
            exchange.leave()

    def _fields(self, request: Request, body_bytes: int) -> list[tuple[bytes, bytes]]:
        fields = [
            (b":method", request.method.encode()),
            (b":scheme", b"http"),
            (b":path", request.path.encode()),
            (b":authority", self._address.encode()),
        ]
        for line in request.headers.split(b"\r\n")[:-1]:
            name, _, value = line.partition(b":")
            fields.append((name.lower(), value.strip(b" \t")))
        fields.append((b"content-length", b"%d" % body_bytes))
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


class Exchange(Stream):
    """One request, and its answer in a future."""

    def __init__(
        self, connection: Connection, number: int, answer: asyncio.Future[Response], most_bytes: int
    ) -> None:
        super().__init__(connection, number)
        self._answer = answer
        self._most_bytes = most_bytes
        self._status = 0
        self._headers: Fields = ()
        self._pieces: list[bytes] = []
        self._size = 0

    def on_headers(self, fields: Fields) -> None:
        status = int(dict(fields).get(b":status", b"0"))
        if status >= 200:  # what is less is a word in between
            self._status = status
            self._headers = tuple(field for field in fields if not field[0].startswith(b":"))

    def on_data(self, data: bytes) -> None:
        self.consumed(len(data))  # an answer is held whole, up to its limit
        self._size += len(data)
        if self._size > self._most_bytes:
            self._fail(
                AppAnswerError(
                    "the application's answer cannot be read: its body is longer than "
                    f"{self._most_bytes} bytes"
                )
            )
            return
        self._pieces.append(data)

    def on_end(self, trailers: Fields) -> None:
        if not self._status:
            self.on_headers(trailers)  # an answer without a body is one list
        if not self._answer.done():
            self._answer.set_result(Response(self._status, self._headers, b"".join(self._pieces)))

    def on_close(self, code: int | None, reason: str) -> None:  # noqa: ARG002  who asked is told what follows
        taken = code != ErrorCode.REFUSED_STREAM
        self._fail(ConnectionEndedError(sent=taken, answer_begun=self._status > 0))

    def leave(self) -> None:
        """End what has not ended: nobody waits for the answer, or it came before all was sent."""
        if not self.closed and not (self.peer_ended and not self._waits_to_send):
            self.reset(ErrorCode.NO_ERROR if self.peer_ended else ErrorCode.CANCEL)

    @property
    def _waits_to_send(self) -> bool:
        return self.connection.engine.queued_body_size(self.number) > 0

    def _fail(self, error: Exception) -> None:
        self._pieces = []
        if not self._answer.done():
            self._answer.set_exception(error)
        self.leave()
