"""Output bindings over HTTP."""

from __future__ import annotations

from typing import Any

from ...apart import far_apart
from ...blocks.bindings import Bindings
from ..jsontext import dump, load
from ..trace import BAGGAGE, passed_on
from .fields import field_of, object_of, text_of, texts_of
from .request import NO_CONTENT, Request, Response, metadata_headers
from .router import Router


class BindingHandlers:
    """``/v1.0/bindings``."""

    def __init__(self, block: Bindings) -> None:
        self._block = block

    def add_to(self, router: Router) -> None:
        """Add the path."""
        router.add("POST PUT", "/v1.0/bindings/{name}", self.invoke)

    async def invoke(self, request: Request, name: str) -> Response:
        """Perform an operation; the binding's metadata becomes headers, of an error too."""
        wanted, data = await far_apart(len(request.body), _wanted, request.body)
        metadata = {**texts_of(wanted, "metadata"), **passed_on(request.headers)}
        answer = await self._block.invoke(name, text_of(wanted, "operation"), data, metadata)
        headers = metadata_headers(answer.metadata)
        if baggage := request.headers.get(BAGGAGE):
            headers.append((BAGGAGE, baggage))
        if answer.data is None and not answer.metadata:
            return Response(NO_CONTENT.status, headers=headers)
        return Response(200, answer.data or b"", headers=headers)


def _wanted(body: bytes) -> tuple[dict[str, Any], bytes]:
    """Return the request's fields, and its data as the JSON text that the binding gets."""
    wanted = object_of(load(body), "the body")
    data = dump(field_of(wanted, "data"))
    return {name: value for name, value in wanted.items() if name.lower() != "data"}, data
