"""What calls, or is called by, a clock or a server over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from aiohttp import web

from tests.servers.model import Model
from tests.web import listening

from .case import Case, Suite, Surroundings, nothing


@asynccontextmanager
async def clock(_folder: Path) -> AsyncIterator[Surroundings]:
    """Nothing but a schedule."""
    yield Surroundings(properties={"schedule": "@every 1s"})


@asynccontextmanager
async def echo(_folder: Path) -> AsyncIterator[Surroundings]:
    """A server that echoes."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=await request.read())

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", answer)
    async with listening(application) as port:
        yield Surroundings(
            properties={"url": f"http://127.0.0.1:{port}/"}, operations={"post": {"data": "{}"}, "get": {}}
        )


@asynccontextmanager
async def model(_folder: Path) -> AsyncIterator[Surroundings]:
    """A language model that repeats what it is told."""
    async with Model.serving() as serving:
        yield Surroundings(properties={"key": "sk-conformance", "endpoint": serving.url})


CASES: Final = (
    Case(
        type="bindings.cron",
        around=clock,
        suites={"": Suite(operations=("read",), config={"readBindingTimeout": "10s"})},
    ),
    # Upstream's suite posts to a server that it starts itself: see test_upstream.
    Case(type="bindings.http", around=echo),
    Case(type="conversation.echo", around=nothing),
    Case(type="conversation.openai", around=model),
)
