"""Requests to the application that go through the middleware of the configuration first."""

from __future__ import annotations

from dataclasses import replace

from ..config import RuntimeConfig
from ..http1 import Answer
from ..middleware import Pipeline
from ..middleware.passing import Chain, answered, routed, sent
from .client import DEFAULT_MAX_BODY_BYTES, MAX_CONNECTIONS, Client, Request
from .streaming import Streamed


class PipedClient(Client):
    """A client whose requests and answers go through what of a pipeline is loaded."""

    def __init__(
        self,
        host: str,
        port: int,
        pipeline: Pipeline,
        *,
        max_body_bytes: int = DEFAULT_MAX_BODY_BYTES,
        max_connections: int = MAX_CONNECTIONS,
    ) -> None:
        super().__init__(host, port, max_body_bytes=max_body_bytes, max_connections=max_connections)
        self._pipeline = pipeline

    async def request(self, request: Request, timeout_seconds: float | None = None) -> Answer:
        chain = self._pipeline.chain
        if not chain:
            return await super().request(request, timeout_seconds)
        return await _back(chain, await super().request(await _through(chain, request), timeout_seconds))

    async def converse(self, request: Request) -> Answer | Streamed:
        chain = self._pipeline.chain
        if not chain:
            return await super().converse(request)
        answer = await super().converse(await _through(chain, request))
        if isinstance(answer, Answer):
            return await _back(chain, answer)
        body = await answered(chain, answer.body)
        assert not isinstance(body, bytes)  # pieces stay pieces
        return Streamed(answer.status, answer.headers, body)


def client_of(
    config: RuntimeConfig, pipeline: Pipeline | None, *, max_connections: int = MAX_CONNECTIONS
) -> Client:
    """Return a client of the application, through the pipeline if there is one."""
    host, port, most = config.app_channel_address, config.app_port, config.max_body_bytes
    if pipeline:
        return PipedClient(host, port, pipeline, max_body_bytes=most, max_connections=max_connections)
    return Client(host, port, max_body_bytes=most, max_connections=max_connections)


async def _through(chain: Chain, request: Request) -> Request:
    path, query = routed(chain, *request.path.partition("?")[::2])
    body = await sent(chain, request.body)
    return replace(request, path=f"{path}?{query}" if query else path, body=body)


async def _back(chain: Chain, answer: Answer) -> Answer:
    body = await answered(chain, answer.body)
    assert isinstance(body, bytes)  # what is whole stays so
    return replace(answer, body=body)
