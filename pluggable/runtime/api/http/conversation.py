"""Conversations over HTTP: gRPC's messages in their JSON form."""

from __future__ import annotations

from ...blocks.conversation import Conversations
from .request import Request, Response
from .router import Router


class ConversationHandlers:
    """``/v1.0-alpha1/conversation`` and ``/v1.0-alpha2/conversation``."""

    def __init__(self, block: Conversations) -> None:
        self._block = block

    def add_to(self, router: Router) -> None:
        """Add the paths."""
        router.add("POST", "/v1.0-alpha1/conversation/{name}/converse", self.converse_alpha1)
        router.add("POST", "/v1.0-alpha2/conversation/{name}/converse", self.converse_alpha2)

    async def converse_alpha1(self, request: Request, name: str) -> Response:
        """Answer with what the model says to texts."""
        from ...._proto.dapr.proto.runtime.v1 import ai_pb2 as pb  # messages that few sidecars use
        from ..conversation import converse_alpha1
        from .messages import read, written

        asked = await read(request.body, pb.ConversationRequest)
        asked.name = name
        return await written(await converse_alpha1(self._block, asked))

    async def converse_alpha2(self, request: Request, name: str) -> Response:
        """Answer with what the model says to messages."""
        from ...._proto.dapr.proto.runtime.v1 import ai_pb2 as pb
        from ..conversation import converse_alpha2
        from .messages import read, written

        asked = await read(request.body, pb.ConversationRequestAlpha2)
        asked.name = name
        return await written(await converse_alpha2(self._block, asked))
