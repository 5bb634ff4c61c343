"""Conversations on a socket."""

from __future__ import annotations

from typing import Any

from .._proto.pluggable.components.v1alpha1 import conversation_pb2 as pb
from .._wire import conversation as wire, names
from .._wire.names import path
from ..component import Component
from ..conversation import Conversation
from ..transport import Handler
from .calls import Calls


def handlers(calls: Calls[Any], kind: type[Component]) -> dict[str, Handler]:  # noqa: ARG001  as for every block
    """Return what answers the calls for a language model."""
    service = names.CONVERSATION
    return {
        path(service, "Init"): calls.init(
            pb.ConversationInitRequest, wire.init_request, pb.ConversationInitResponse()
        ),
        path(service, "Features"): calls.features(),
        path(service, "Ping"): calls.ping(),
        path(service, "Converse"): calls.unary(pb.ConverseRequest, converse),
    }


async def converse(model: Conversation, message: pb.ConverseRequest) -> pb.ConverseResponse:
    """Answer Converse."""
    return wire.converse_response_pb(await model.converse(wire.converse_request(message)))
