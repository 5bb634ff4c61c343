"""Web applications of tests, on sockets of their own."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

#: How long requests under way may take at the end, as in aiohttp.
SHUTDOWN_SECONDS = 60.0


@asynccontextmanager
async def listening(
    application: web.Application,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    tls: ssl.SSLContext | None = None,
    shutdown_seconds: float = SHUTDOWN_SECONDS,
) -> AsyncIterator[int]:
    """Serve an application, and yield its port."""
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=shutdown_seconds)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, ssl_context=tls).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
