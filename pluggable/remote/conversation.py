"""A language model over a socket."""

from __future__ import annotations

from google.protobuf.message import Message

from .._proto.pluggable.components.v1alpha1 import conversation_pb2 as pb
from .._wire import conversation as wire, names
from ..conversation import Conversation, ConverseRequest, ConverseResponse
from ..metadata import Metadata
from .component import RemoteComponent

_CONVERSE = names.path(names.CONVERSATION, "Converse")


class RemoteConversation(RemoteComponent, Conversation):
    """A language model over a socket."""

    service = names.CONVERSATION

    async def converse(self, request: ConverseRequest) -> ConverseResponse:
        message = await self._connection.ask(
            _CONVERSE, wire.converse_request_pb(request), pb.ConverseResponse
        )
        return wire.converse_response(message)

    def _init_request(self, metadata: Metadata) -> tuple[Message, type[Message]]:
        return wire.init_request_pb(metadata), pb.ConversationInitResponse
