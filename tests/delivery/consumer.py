"""
A process that consumes by a component and says on its output what it does with each message.

Its order is one line of JSON on its input, the fields of `Order`. It ends when killed, or when its input ends.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import asdict, dataclass
from importlib import import_module
from typing import Any

from pluggable.bindings import Event, InputBinding
from pluggable.component import Component
from pluggable.delivery import Accepted, Delivery, Outcome, Rejected
from pluggable.metadata import Metadata
from pluggable.pubsub import Message, PubSub, Topic
from tests.delivery.ledger import BEGUN, HANDLED, REJECTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a consumer is to do."""

    component: str
    """``module:Class``."""
    properties: dict[str, str]
    topic: str
    metadata: dict[str, str]
    """The subscription's."""
    handling_seconds: float
    poison: int
    """Every so manyth message is rejected, whenever it comes; 0 for none."""

    def written(self) -> bytes:
        """Return it as the line that a consumer reads."""
        return json.dumps(asdict(self)).encode() + b"\n"


class Handler(Delivery[Any]):
    """Handles each message for a while, and rejects those that are poisoned."""

    def __init__(self, order: Order) -> None:
        self._order = order

    async def __call__(self, message: Message | Event) -> Outcome:
        number = int(message.data)
        say(f"{BEGUN} {number}")
        await asyncio.sleep(self._order.handling_seconds)  # a kill has to find it under way
        if self._order.poison and number % self._order.poison == 0:
            say(f"{REJECTED} {number}")
            return Rejected("poisoned")
        say(f"{HANDLED} {number}")
        return Accepted()

    def ready(self) -> None:
        say("ready")


def say(line: str) -> None:
    """Write a line that survives a kill of this process right after."""
    os.write(1, f"{line}\n".encode())


async def consume(order: Order) -> None:
    """Consume until cancelled."""
    module, _, name = order.component.partition(":")
    component: Component = getattr(import_module(module), name)()
    await component.init(Metadata(order.properties, "flood"))
    try:
        if isinstance(component, PubSub):
            await component.subscribe(Topic(name=order.topic, metadata=order.metadata), Handler(order))
        elif isinstance(component, InputBinding):
            handler = Handler(order)
            handler.ready()
            await component.read(handler)
    finally:
        await component.close()


async def main() -> None:
    """Consume until the input ends."""
    order = Order(**json.loads(sys.stdin.readline()))
    consuming = asyncio.create_task(consume(order))
    ended = asyncio.create_task(asyncio.to_thread(sys.stdin.readline))
    await asyncio.wait({consuming, ended}, return_when=asyncio.FIRST_COMPLETED)
    consuming.cancel()
    await asyncio.gather(consuming, return_exceptions=not consuming.done())


if __name__ == "__main__":
    asyncio.run(main())
