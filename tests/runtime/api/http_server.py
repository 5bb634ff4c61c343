"""An HTTP server whose handler tells what it was asked, and conversations with it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pluggable.runtime.api.http import HTTPServer, Request, Response


class Asked:
    """Keeps what it was asked; waits where the path says so."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.entered = asyncio.Event()
        self.leave = asyncio.Event()
        self.cancelled = asyncio.Event()

    async def __call__(self, request: Request) -> Response:
        self.requests.append(request)
        if request.path == "/wait":
            self.entered.set()
            try:
                await self.leave.wait()
            except asyncio.CancelledError:
                self.cancelled.set()
                raise
        if request.path == "/big":
            return Response(200, b"x" * int(request.query))
        if request.path == "/fail":
            raise RuntimeError("a secret of the code")
        return Response(200, json.dumps([request.method, request.path, len(request.body)]).encode())

    @property
    def paths(self) -> list[str]:
        return [request.path for request in self.requests]


@asynccontextmanager
async def serving(
    asked: Asked, *, max_body_bytes: int = 1000, read_buffer_bytes: int = 1000
) -> AsyncIterator[int]:
    """Serve, and give the port."""
    async with HTTPServer(
        asked, max_body_bytes=max_body_bytes, read_buffer_bytes=read_buffer_bytes
    ) as server:
        yield (await server.listen("127.0.0.1", 0))[1]


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)


async def conversation(port: int, data: bytes) -> bytes:
    """Send all at once, and return what comes until the server closes the connection."""
    async with connected(port) as (reader, writer), asyncio.timeout(5):
        writer.write(data)
        return await reader.read()
