"""Actors and workflows over gRPC: each call is answered with why it cannot be."""

from __future__ import annotations

from typing import Final

from ...._proto.google.protobuf import empty_pb2
from ....transport import ServerCall, ServerStream
from ...blocks.actors import Actors
from .service import Service

ACTORS: Final = (
    *("RegisterActorTimer", "UnregisterActorTimer", "GetActorTimer", "ListActorTimers"),
    *("RegisterActorReminder", "UnregisterActorReminder", "GetActorReminder", "ListActorReminders"),
    *("UnregisterActorRemindersByType", "GetActorState", "ExecuteActorStateTransaction", "InvokeActor"),
)
ACTOR_STREAM: Final = "SubscribeActorEventsAlpha1"
WORKFLOWS: Final = tuple(
    f"{verb}Workflow{stage}"
    for verb in ("Start", "Get", "Purge", "Terminate", "Pause", "Resume", "RaiseEvent")
    for stage in ("Alpha1", "Beta1")
)


class ActorCalls:
    """The methods for actors and workflows, whatever they ask."""

    def __init__(self, block: Actors) -> None:
        self._block = block

    def add_to(self, service: Service) -> None:
        """Add the methods."""
        for method in (*ACTORS, *WORKFLOWS):
            service.add(method, empty_pb2.Empty, self.refuse)
        service.add_stream(ACTOR_STREAM, self.refuse_stream)

    async def refuse(self, _request: empty_pb2.Empty, call: ServerCall) -> None:
        """Say why not."""
        self._block.refuse(call.method)

    async def refuse_stream(self, stream: ServerStream) -> None:
        """Say why not."""
        self._block.refuse(stream.method)
