"""Requests to the API that go through the middleware of the configuration first."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from ...bodies import Body
from ...middleware import Pipeline
from ...middleware.passing import Chain, answered, routed, sent
from .owner import Routes
from .request import Request, Response


class GuardedRoutes(Routes, Protocol):
    """Routes that tell whom they refuse: middleware gets to see nothing of theirs."""

    def refused(self, request: Request) -> Response | None:
        """Return the answer to a request that is not admitted; ``None`` for others."""


class Piped:
    """Answers by the routes, behind what of the pipeline is loaded."""

    def __init__(self, routes: GuardedRoutes, pipeline: Pipeline) -> None:
        self._routes = routes
        self._pipeline = pipeline

    def streams(self, request: Request) -> bool:
        """Whether a body is handed on while it comes, where its request leads to behind the pipeline."""
        path, query = routed(self._pipeline.chain, request.path, request.query)
        return self._routes.streams(replace(request, path=path, query=query))

    async def __call__(self, request: Request) -> Response:
        """Answer the request."""
        chain = self._pipeline.chain
        if not chain:
            return await self._routes(request)
        if (refused := self._routes.refused(request)) is not None:
            return refused
        request.path, request.query = routed(chain, request.path, request.query)
        body = await sent(chain, request.body if request.stream is None else request.stream)
        if isinstance(body, bytes):
            request.body = body
        else:
            request.stream = body
        return await _back(chain, await self._routes(request))


async def _back(chain: Chain, response: Response) -> Response:
    body: Body = response.body if response.pieces is None else response.pieces
    changed = await answered(chain, body)
    if isinstance(changed, bytes):
        return replace(response, body=changed)
    return replace(response, pieces=changed)
