"""An HTTP/1.1 client for one local server: kept connections, one request on each at a time."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from ...transport.addresses import joined
from ..bodies import Pieces
from ..http1 import Answer as Response
from .connection import Connection
from .errors import AppTimedOutError, AppUnreachableError
from .streaming import ConnectionEndedError, Held, Streamed

#: How many connections are open at once; further requests wait for one.
MAX_CONNECTIONS = 256
#: How many of them are kept when nothing is to be asked.
MAX_IDLE_CONNECTIONS = 32
CONNECT_SECONDS = 5.0
DEFAULT_MAX_BODY_BYTES = 4 * 1024 * 1024
#: Methods whose requests say nothing of a body that they do not have.
BODILESS = frozenset({"GET", "HEAD", "DELETE", "OPTIONS", "TRACE"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """
    What to ask.

    ``headers`` are lines ready for the wire, each ended by CRLF; host and content length are added.
    ``may_repeat`` says that the server may get it twice without harm.
    """

    method: str
    path: str
    headers: bytes = b""
    body: bytes | Pieces = b""
    """In pieces it goes out in chunks, for ``Client.converse`` only, and is sent once."""
    may_repeat: bool = False


class Client:
    """
    Requests to one address; ``async with`` closes the connections.

    A request on a connection that was kept fails if the server closes it at that moment, and nobody can tell
    whether the server read the request first. It is sent once more, on a new connection, if it may be
    repeated and not a byte of an answer came. Nothing else is ever repeated.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        max_body_bytes: int = DEFAULT_MAX_BODY_BYTES,
        max_connections: int = MAX_CONNECTIONS,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._tls = tls
        self._host = host
        self._port = port
        self._max_body_bytes = max_body_bytes
        self._address = joined(host, port)
        self._line = f" HTTP/1.1\r\nhost: {self._address}\r\n".encode()
        self._idle: list[Connection] = []
        self._open: set[Connection] = set()
        self._room = asyncio.Semaphore(max_connections)
        self._closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End all connections; requests under way fail, and so do later ones."""
        self._closed = True
        for connection in list(self._open):
            connection.abort()
        self._idle.clear()

    async def request(self, request: Request, timeout_seconds: float | None = None) -> Response:
        """
        Ask and return the whole answer.

        Raises:
            AppUnreachableError: no connection, or it ended before the answer did.
            AppTimedOutError: no whole answer in time.
            AppAnswerError: what came is no HTTP, or longer than allowed.
        """
        if timeout_seconds is None:
            return await self._request(request)
        try:
            async with asyncio.timeout(timeout_seconds):
                return await self._request(request)
        except TimeoutError as error:
            raise late(request, self._address, timeout_seconds) from error

    async def converse(self, request: Request) -> Response | Streamed:
        """
        Ask and return the answer when its head has come; a body that is not there yet comes in pieces.

        Those hold the connection until they have been read or closed.

        Raises:
            AppUnreachableError: no connection, or it ended before the answer began; reading its body raises
                it where that is cut off.
            AppAnswerError: what came is no HTTP.
            Exception: what reading the request's body raised.
        """
        await self._room.acquire()
        answer: Response | Streamed | None = None
        try:
            connection, answer = await self._converse(request)
        finally:
            if not isinstance(answer, Streamed):
                self._room.release()
        if not isinstance(answer, Streamed):
            self._keep(connection)
            return answer

        def released() -> None:
            self._room.release()
            self._keep(connection)

        held = Held(answer.body, released, lambda error: self._lost(request, error))
        return Streamed(answer.status, answer.headers, held)

    async def connectable(self) -> bool:
        """Whether somebody listens at the address; the connection is kept for the first request."""
        try:
            connection = await self._connect()
        except AppUnreachableError:
            return False
        self._keep(connection)
        return True

    async def _request(self, request: Request) -> Response:
        body = request.body
        assert isinstance(body, bytes)  # pieces are for who converses
        head = self._head(request, f"content-length: {len(body)}\r\n\r\n".encode())
        async with self._room:
            if self._idle:
                connection = self._idle.pop()
                try:
                    return await self._exchange(connection, head, body)
                except ConnectionEndedError as error:
                    if error.answer_begun or (error.sent and not request.may_repeat):
                        raise self._lost(request, error) from error
            try:
                return await self._exchange(await self._connect(), head, body)
            except ConnectionEndedError as error:
                raise self._lost(request, error) from error

    async def _exchange(self, connection: Connection, head: bytes, body: bytes) -> Response:
        try:
            response = await connection.exchange(head, body)
        except BaseException:
            connection.abort()  # what is still to come belongs to nobody
            raise
        self._keep(connection)
        return response

    async def _converse(self, request: Request) -> tuple[Connection, Response | Streamed]:
        body = request.body
        if not isinstance(body, bytes):
            framing = b"transfer-encoding: chunked\r\n\r\n"
        elif body or request.method not in BODILESS:
            framing = f"content-length: {len(body)}\r\n\r\n".encode()
        else:
            framing = b"\r\n"
        head = self._head(request, framing)
        if self._idle and isinstance(body, bytes):
            connection = self._idle.pop()
            try:
                return connection, await self._begun(connection, head, body)
            except ConnectionEndedError as error:
                if error.answer_begun or (error.sent and not request.may_repeat):
                    raise self._lost(request, error) from error
        connection = await self._connect()
        try:
            return connection, await self._begun(connection, head, body)
        except ConnectionEndedError as error:
            raise self._lost(request, error) from error

    async def _begun(self, connection: Connection, head: bytes, body: bytes | Pieces) -> Response | Streamed:
        try:
            return await connection.converse(head, body)
        except BaseException:
            connection.abort()
            raise

    def _head(self, request: Request, framing: bytes) -> bytes:
        line = f"{request.method} {request.path}".encode()
        return b"".join((line, self._line, request.headers, framing))

    def _keep(self, connection: Connection) -> None:
        if connection.reusable and len(self._idle) < MAX_IDLE_CONNECTIONS:
            self._idle.append(connection)
        else:
            connection.abort()

    def _forget(self, connection: Connection) -> None:
        self._open.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)

    async def _connect(self) -> Connection:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                _, connection = await loop.create_connection(
                    lambda: Connection(self._max_body_bytes, self._forget),
                    self._host,
                    self._port,
                    ssl=self._tls,
                )
        except TimeoutError as error:
            raise AppUnreachableError(
                f"no connection to the application at {self._address} within {CONNECT_SECONDS:g} s"
            ) from error
        except OSError as error:
            raise AppUnreachableError(
                f"no connection to the application at {self._address}: {error.strerror or error}"
            ) from error
        self._open.add(connection)
        if self._closed:
            connection.abort()
            raise AppUnreachableError(
                f"no connection to the application at {self._address}: the sidecar is going"
            )
        return connection

    def _lost(self, request: Request, error: ConnectionEndedError) -> AppUnreachableError:
        return AppUnreachableError(
            f"{request.method} {request.path}: the application at {self._address} closed the connection "
            + ("within its answer" if error.answer_begun else "before it answered")
        )


def late(request: Request, address: str, seconds: float | None) -> AppTimedOutError:
    """Return what to raise where an answer was not there in time."""
    return AppTimedOutError(
        f"{request.method} {request.path} to the application at {address}: no answer within {seconds:g} s"
    )


def header_lines(headers: Iterable[tuple[str, str]]) -> bytes:
    """Return headers as they go on the wire; names and values must hold nothing that ends a line."""
    return "".join(f"{name}: {value}\r\n" for name, value in headers).encode()
