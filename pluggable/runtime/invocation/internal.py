"""Where other sidecars ask this one to call its application; what answers is loaded with their first call."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final

from ...transport import Handlers, ServerCall, ServerStream, Stream, Unary
from ..appchannel import AppChannel

if TYPE_CHECKING:
    from .serving import Serving

CALL_LOCAL: Final = "/dapr.proto.internals.v1.ServiceInvocation/CallLocal"
CALL_LOCAL_STREAM: Final = "/dapr.proto.internals.v1.ServiceInvocation/CallLocalStream"


class Internal:
    """Answers the calls of ``ServiceInvocation``, but those to actors."""

    def __init__(self, app: AppChannel, most_bytes: int) -> None:
        self._app = app
        self._most_bytes = most_bytes

    @property
    def handlers(self) -> Handlers:
        """What answers, by path."""
        return {CALL_LOCAL: Unary(self._call), CALL_LOCAL_STREAM: Stream(self._call_stream)}

    @cached_property
    def _serving(self) -> Serving:
        from .serving import Serving

        return Serving(self._app, self._most_bytes)

    async def _call(self, data: bytes, call: ServerCall) -> bytes:
        return await self._serving.call(data, call)

    async def _call_stream(self, stream: ServerStream) -> None:
        await self._serving.call_stream(stream)
