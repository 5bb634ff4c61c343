"""Requests to the application that go through the middleware of the configuration first."""

from __future__ import annotations

from dataclasses import replace

from ..http1 import Answer
from ..middleware import Pipeline
from ..middleware.passing import Chain, answered, routed, sent
from .asking import Asking
from .client import Request
from .streaming import Streamed


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
        return await _back(chain, await self._client.request(await _through(chain, request), timeout_seconds))

    async def converse(self, request: Request) -> Answer | Streamed:
        """Ask and return the answer when its head has come; a body in pieces stays so."""
        chain = self._pipeline.chain
        if not chain:
            return await self._client.converse(request)
        answer = await self._client.converse(await _through(chain, request))
        if isinstance(answer, Answer):
            return await _back(chain, answer)
        body = await answered(chain, answer.body)
        assert not isinstance(body, bytes)  # pieces stay pieces
        return Streamed(answer.status, answer.headers, body)


async def _through(chain: Chain, request: Request) -> Request:
    path, query = routed(chain, *request.path.partition("?")[::2])
    body = await sent(chain, request.body)
    return replace(request, path=f"{path}?{query}" if query else path, body=body)


async def _back(chain: Chain, answer: Answer) -> Answer:
    body = await answered(chain, answer.body)
    assert isinstance(body, bytes)  # what is whole stays so
    return replace(answer, body=body)
