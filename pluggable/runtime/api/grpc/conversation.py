"""Conversations over gRPC."""

from __future__ import annotations

from ...._proto.dapr.proto.runtime.v1 import ai_pb2 as pb
from ....transport import ServerCall
from ...blocks.conversation import Conversations
from ..conversation import converse_alpha1, converse_alpha2
from .service import Service

METHODS = ("ConverseAlpha1", "ConverseAlpha2")


class ConversationCalls:
    """The methods for conversations."""

    def __init__(self, block: Conversations) -> None:
        self._block = block

    def add_to(self, service: Service) -> None:
        """Add the methods."""
        service.add("ConverseAlpha1", pb.ConversationRequest, self.converse_alpha1)
        service.add("ConverseAlpha2", pb.ConversationRequestAlpha2, self.converse_alpha2)

    async def converse_alpha1(
        self, request: pb.ConversationRequest, _call: ServerCall
    ) -> pb.ConversationResponse:
        """Answer with what the model says to texts."""
        return await converse_alpha1(self._block, request)

    async def converse_alpha2(
        self, request: pb.ConversationRequestAlpha2, _call: ServerCall
    ) -> pb.ConversationResponseAlpha2:
        """Answer with what the model says to messages."""
        return await converse_alpha2(self._block, request)
