"""The answering end on grpcio."""

from __future__ import annotations

import asyncio
import socket

from grpc import aio

from ..addresses import check_free, host_and_port, joined
from ..calls import Handlers, StreamHandler
from ..limits import Limits
from ..server import Server
from .answering import Answering
from .options import server_options, target
from .sockets import connected

_RECHECK_SECONDS = 0.05


class GrpcioServer(Server):
    """
    A server on ``grpc.aio``.

    When it closes it removes the path that it bound, whoever's socket is there by then: bind where nobody
    else does, and rename.
    """

    def __init__(self, handlers: Handlers, *, unknown: StreamHandler | None, limits: Limits) -> None:
        self._answering = Answering(handlers, unknown, limits.send_bytes)
        self._limits = limits
        self._server: aio.Server | None = None
        self._started = False
        #: Paths and ports.
        self._bound: set[str | int] = set()

    async def listen(self, address: str, kept: socket.socket | None = None) -> str:
        if kept is not None:
            kept.close()  # grpcio takes no sockets of others
        # grpcio binds over the socket of a living server, and says of any failure only that there was one
        await check_free(address)
        if self._server is None:  # made here, because grpcio ties it to the running loop
            self._server = aio.server(handlers=(self._answering,), options=server_options(self._limits))
        try:
            port = self._server.add_insecure_port(target(address))
        except RuntimeError as error:
            raise OSError(f"cannot listen on {address}: {error}") from error
        if address.startswith("unix:"):
            self._bound.add(address.removeprefix("unix:"))
            return address
        self._bound.add(port)
        host, _ = host_and_port(address)
        return joined(host, port)

    async def start(self) -> None:
        if self._server is None:
            raise RuntimeError("the server has no address; call listen first")
        self._started = True
        await self._server.start()

    @property
    def connections(self) -> int | None:
        return connected(self._bound)

    async def drain(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        over = loop.time() + seconds
        # looked at again and again, because grpcio tells nobody that a connection has ended
        while self.connections != 0 and (left := over - loop.time()) > 0:  # noqa: ASYNC110  see above
            await asyncio.sleep(min(_RECHECK_SECONDS, left))

    async def close(self, grace_seconds: float = 0.0) -> None:
        server, self._server = self._server, None
        if server is None:
            return
        if not self._started:
            await server.start()  # one that was never started would keep its addresses
        await server.stop(grace_seconds or None)
        # grpcio cancels handlers, and does not wait for what they do about it
        if at_work := self._answering.at_work:
            await asyncio.wait(at_work)
        self._bound.clear()
