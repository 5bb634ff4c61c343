"""Requests to the application that go through the middleware of the configuration first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..bodies import whole
from ..http1 import Answer
from ..middleware import Call, Middleware, Pipeline
from ..middleware.pipeline import answered, asked
from .asking import Asking
from .client import Request
from .streaming import Streamed


class PipedClient:
    """A client whose requests and answers go through what of a pipeline is loaded."""

    def __init__(self, client: Asking, pipeline: Pipeline, *, max_body_bytes: int) -> None:
        self._client = client
        self._pipeline = pipeline
        self._max_body_bytes = max_body_bytes

    async def request(self, request: Request, timeout_seconds: float | None = None) -> Answer:
        """Ask and return the whole answer."""
        chain = self._pipeline.chain
        if not chain:
            return await self._client.request(request, timeout_seconds)
        answer = await self._client.request(await self._through(chain, request), timeout_seconds)
        return replace(answer, body=await answered(chain, answer.body))

    async def converse(self, request: Request) -> Answer | Streamed:
        """Ask and return the answer when its head has come."""
        chain = self._pipeline.chain
        if not chain:
            return await self._client.converse(request)
        answer = await self._client.converse(await self._through(chain, request))
        if isinstance(answer, Streamed):
            return answer  # it is handed on as it comes
        return replace(answer, body=await answered(chain, answer.body))

    async def connectable(self) -> bool:
        """Whether somebody listens at the address."""
        return await self._client.connectable()

    def close(self) -> None:
        """End all connections."""
        self._client.close()

    async def _through(self, chain: Sequence[Middleware], request: Request) -> Request:
        """Return a request as it is behind the chain, which reads its body whole."""
        path, _, query = request.path.partition("?")
        body = await whole(request.body, self._max_body_bytes)
        call = await asked(chain, Call(path=path, query=query, body=body))
        return replace(request, path=f"{call.path}?{call.query}" if call.query else call.path, body=call.body)
