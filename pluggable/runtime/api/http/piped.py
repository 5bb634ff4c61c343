"""Requests to the API that go through the middleware of the configuration first."""

from __future__ import annotations

from dataclasses import replace

from ...middleware import Call, Pipeline
from ...middleware.pipeline import answered, asked
from .owner import Routes
from .request import Request, Response


class Piped:
    """Answers with ``handle``, behind what of the pipeline is loaded; answers in pieces pass as they are."""

    def __init__(self, handle: Routes, pipeline: Pipeline) -> None:
        self._handle = handle
        self._pipeline = pipeline

    def streams(self, request: Request) -> bool:
        """Whether the body is handed on while it comes, which it cannot be where middleware reads it."""
        return not self._pipeline.chain and self._handle.streams(request)

    async def __call__(self, request: Request) -> Response:
        """Answer the request."""
        chain = self._pipeline.chain
        if not chain:
            return await self._handle(request)
        call = await asked(chain, Call(path=request.path, query=request.query, body=request.body))
        request.path, request.query, request.body = call.path, call.query, call.body
        response = await self._handle(request)
        if response.pieces is not None:
            return response  # it is sent as it comes
        body = await answered(chain, response.body)
        return response if body is response.body else replace(response, body=body)
