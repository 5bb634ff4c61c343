"""Requests to the application that go through the middleware of the configuration first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..http1 import Answer
from ..middleware import Call, Middleware, Pipeline
from ..middleware.pipeline import answered, asked
from .asking import Asking
from .client import Request


class PipedClient:
    """A client whose requests and answers go through what of a pipeline is loaded."""

    def __init__(self, client: Asking, pipeline: Pipeline) -> None:
        self._client = client
        self._pipeline = pipeline
        self.connectable = client.connectable
        self.close = client.close

    async def request(self, request: Request, timeout_seconds: float | None = None) -> Answer:
        """Ask and return the whole answer."""
        chain = self._pipeline.chain
        if not chain:
            return await self._client.request(request, timeout_seconds)
        answer = await self._client.request(await _through(chain, request), timeout_seconds)
        return replace(answer, body=await answered(chain, answer.body))


async def _through(chain: Sequence[Middleware], request: Request) -> Request:
    path, _, query = request.path.partition("?")
    call = await asked(chain, Call(path=path, query=query, body=request.body))
    return replace(request, path=f"{call.path}?{call.query}" if call.query else call.path, body=call.body)
