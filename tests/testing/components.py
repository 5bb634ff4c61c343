"""Components to be tested, small ones of each kind."""

from __future__ import annotations

import asyncio
from collections import defaultdict

from pluggable import (
    Delivery,
    InitError,
    InputBinding,
    Metadata,
    Outcome,
    OutputBinding,
    Unanswered,
    bindings,
    pubsub,
    state,
)


class Shelf(state.StateStore):
    """A store in memory, which says under "#" how it was initialised."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    async def init(self, metadata: Metadata) -> None:
        if (colour := metadata.get("colour")) == "none":
            raise InitError("a shelf has a colour")
        self.kept["#"] = (colour or "").encode()

    async def get(self, request: state.GetRequest) -> state.GetResponse | None:
        found = self.kept.get(request.key)
        return None if found is None else state.GetResponse(data=found)

    async def set(self, request: state.SetRequest) -> None:
        self.kept[request.key] = request.value

    async def delete(self, request: state.DeleteRequest) -> None:
        self.kept.pop(request.key, None)


class Board(pubsub.PubSub):
    """A broker that delivers again what nobody answered."""

    def __init__(self) -> None:
        self.queues: defaultdict[str, asyncio.Queue[pubsub.Message]] = defaultdict(asyncio.Queue)

    async def publish(self, request: pubsub.PublishRequest) -> None:
        self.queues[request.topic].put_nowait(pubsub.Message(data=request.data, topic=request.topic))

    async def subscribe(self, topic: pubsub.Topic, deliver: Delivery[pubsub.Message]) -> None:
        deliver.ready()
        while True:
            message = await self.queues[topic.name].get()
            outcome: Outcome = Unanswered()
            try:
                outcome = await deliver(message)
            finally:  # cancelled, too
                if isinstance(outcome, Unanswered):
                    self.queues[topic.name].put_nowait(message)


class Tray(InputBinding, OutputBinding):
    """Whatever is put into it comes out of it: its objects, one a direction, share a queue."""

    operations = ("create",)

    def __init__(self, events: asyncio.Queue[bytes]) -> None:
        self.events = events

    async def read(self, deliver: Delivery[bindings.Event]) -> None:
        while True:
            await deliver(bindings.Event(data=await self.events.get()))

    async def invoke(self, request: bindings.InvokeRequest) -> bindings.InvokeResponse:
        self.events.put_nowait(request.data)
        return bindings.InvokeResponse(data=b"taken")
