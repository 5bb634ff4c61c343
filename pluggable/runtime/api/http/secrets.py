"""Secrets over HTTP."""

from __future__ import annotations

from ...blocks.secrets import Secrets
from ..jsontext import dump
from .request import Request, Response
from .router import Router


class SecretHandlers:
    """``/v1.0/secrets``."""

    def __init__(self, block: Secrets) -> None:
        self._block = block

    def add_to(self, router: Router) -> None:
        """Add the paths."""
        router.add("GET", "/v1.0/secrets/{store}/bulk", self.bulk_get)
        router.add("GET", "/v1.0/secrets/{store}/{key}", self.get)

    async def get(self, request: Request, store: str, key: str) -> Response:
        """Answer with the values of one secret."""
        return Response(200, dump(dict(await self._block.get(store, key, request.metadata()))))

    async def bulk_get(self, request: Request, store: str) -> Response:
        """Answer with the values of every secret that may be seen."""
        found = await self._block.bulk_get(store, request.metadata())
        return Response(200, dump({name: dict(values) for name, values in found.items()}))
