"""Requests to the API that go through the middleware of the configuration first."""

from __future__ import annotations

from dataclasses import replace

from ...middleware import Call, Pipeline
from ...middleware.pipeline import answered, asked
from .cors import Handle
from .request import Request, Response


class Piped:
    """Answers with ``handle``, behind what of the pipeline is loaded."""

    def __init__(self, handle: Handle, pipeline: Pipeline) -> None:
        self._handle = handle
        self._pipeline = pipeline

    async def __call__(self, request: Request) -> Response:
        """Answer the request."""
        chain = self._pipeline.chain
        if not chain:
            return await self._handle(request)
        call = await asked(chain, Call(path=request.path, query=request.query, body=request.body))
        request.path, request.query, request.body = call.path, call.query, call.body
        response = await self._handle(request)
        body = await answered(chain, response.body)
        return response if body is response.body else replace(response, body=body)
