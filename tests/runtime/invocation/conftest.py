from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from tests.runtime.appchannel.servers import application
from tests.runtime.invocation.sides import Sides


@pytest.fixture
async def sides() -> AsyncIterator[Sides]:
    async with AsyncExitStack() as stack:
        yield Sides(stack)


@dataclass(slots=True)
class Told:
    """An application that answers with what it was asked."""

    port: int = 0
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    requests: list[dict[str, Any]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        told = {
            "method": request.method,
            "path": request.raw_path,
            "headers": {name.lower(): value for name, value in request.headers.items()},
            "body": (await request.read()).decode(),
        }
        self.requests.append(told)
        return web.Response(status=self.status, body=json.dumps(told), headers=self.headers)


@pytest.fixture
async def told() -> AsyncIterator[Told]:
    app = Told()
    async with application(app.handle) as app.port:
        yield app
