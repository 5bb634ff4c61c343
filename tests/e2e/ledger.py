"""A slow store and a broker that writes down what was accepted, in a process that a test tells to stop."""

from __future__ import annotations

import asyncio
import json
import logging
from itertools import count
from pathlib import Path

from pluggable import Metadata, PubSub, StateStore, pubsub, serve, state
from pluggable.delivery import Accepted, Delivery

#: Long enough to be told to stop meanwhile.
WRITE_SECONDS = 0.5
AT_ONCE = 5

logger = logging.getLogger(__name__)


class Slow(StateStore):
    """Takes its time to store a value, and says when it begins."""

    def __init__(self) -> None:
        self._values: dict[str, bytes] = {}

    async def init(self, metadata: Metadata) -> None:
        pass

    async def get(self, request: state.GetRequest) -> state.GetResponse | None:
        value = self._values.get(request.key)
        return None if value is None else state.GetResponse(data=value)

    async def set(self, request: state.SetRequest) -> None:
        logger.info("begun with %s", request.key)
        await asyncio.sleep(WRITE_SECONDS)
        self._values[request.key] = request.value

    async def delete(self, request: state.DeleteRequest) -> None:
        self._values.pop(request.key, None)


class Ledger(PubSub):
    """Has a message whenever there is room for one, and appends the number of each accepted one to a file."""

    async def init(self, metadata: Metadata) -> None:
        self._file = Path(metadata.properties["accepted"])

    async def publish(self, request: pubsub.PublishRequest) -> None:
        pass

    async def subscribe(self, topic: pubsub.Topic, deliver: Delivery[pubsub.Message]) -> None:
        numbers = count()
        deliver.ready()

        async def deliver_on() -> None:
            for number in numbers:
                event = {"specversion": "1.0", "id": str(number), "type": "t", "source": "s", "data": number}
                message = pubsub.Message(data=json.dumps(event).encode(), topic=topic.name)
                if await deliver(message) == Accepted():
                    with self._file.open("a") as file:
                        file.write(f"{number}\n")

        async with asyncio.TaskGroup() as tasks:
            for _ in range(AT_ONCE):
                tasks.create_task(deliver_on())


if __name__ == "__main__":
    serve({"ledger": [Slow, Ledger]})
