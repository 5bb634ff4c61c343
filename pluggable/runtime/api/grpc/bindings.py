"""Output bindings over gRPC."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ...._proto.dapr.proto.runtime.v1 import binding_pb2 as pb
from ....transport import ServerCall
from ...blocks.bindings import Bindings
from ...errors import BindingError
from ..trace import BAGGAGE, passed_on
from .service import TOKEN, Service

_HEADER = re.compile(r"[0-9a-z_.-]+")
_VALUE = re.compile(r"[\x20-\x7e]*")
#: The caller's metadata that says something of the call itself, and nothing to a binding.
_OWN = frozenset({TOKEN, "content-type", "te", "user-agent"})


class BindingCalls:
    """The method for output bindings."""

    def __init__(self, block: Bindings) -> None:
        self._block = block

    def add_to(self, service: Service) -> None:
        """Add the method."""
        service.add("InvokeBinding", pb.InvokeBindingRequest, self.invoke)

    async def invoke(self, request: pb.InvokeBindingRequest, call: ServerCall) -> pb.InvokeBindingResponse:
        """Perform an operation; the binding's metadata goes into the headers too, of an error as well."""
        metadata = {**_texts(call.metadata), **request.metadata}
        metadata.update(passed_on(metadata))
        try:
            answer = await self._block.invoke(request.name, request.operation, request.data, metadata)
        except BindingError as error:
            await _send_headers(call, error.metadata, metadata)
            raise
        await _send_headers(call, answer.metadata, metadata)
        return pb.InvokeBindingResponse(data=answer.data or b"", metadata=answer.metadata)


def _texts(metadata: Mapping[str, str | bytes]) -> dict[str, str]:
    """Return what of a call's metadata may be passed on: text that is not the connection's."""
    return {
        key: value
        for key, value in metadata.items()
        if isinstance(value, str) and key not in _OWN and not key.startswith((":", "grpc-"))
    }


async def _send_headers(call: ServerCall, metadata: Mapping[str, str], asked: Mapping[str, str]) -> None:
    """Send what can be a header, and the caller's baggage back; the rest is in the answer only."""
    pairs = [(f"metadata.{key.lower()}", value) for key, value in metadata.items()]
    if baggage := asked.get(BAGGAGE):
        pairs.append((BAGGAGE, baggage))
    sendable = [
        (key, value)
        for key, value in pairs
        if _HEADER.fullmatch(key) and not key.endswith("-bin") and _VALUE.fullmatch(value)
    ]
    if sendable:
        await call.send_headers(sendable)
