"""Brokers beside their libraries: publishing, each message confirmed, and consuming, each acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final, Protocol

from pluggable import PubSub
from pluggable.delivery import Accepted, Delivery, Outcome
from pluggable.pubsub import Message, PublishRequest, Topic

from ..sqlite import Measured, Row, shared

AT_ONCE: Final = 64
TOPIC: Final = "figures"

#: Told what came; the message is acknowledged afterwards.
Came = Callable[[bytes], None]


class Broker(Protocol):
    """What is measured; opened anew for each piece of work, so that what is consumed was there before."""

    def publishing(self) -> AbstractAsyncContextManager[Callable[[bytes], Any]]:
        """Give what publishes a message and waits until the broker has it."""

    def consuming(self, came: Came) -> AbstractAsyncContextManager[None]:
        """Take messages and acknowledge them until closed; the first time makes what keeps them."""


class Ours:
    """A component, as the services of its socket call it."""

    def __init__(self, opened: Callable[[], AbstractAsyncContextManager[PubSub]]) -> None:
        self._opened = opened

    @asynccontextmanager
    async def publishing(self) -> AsyncIterator[Callable[[bytes], Any]]:
        async with self._opened() as events:
            yield lambda data: events.publish(PublishRequest(topic=TOPIC, data=data))

    @asynccontextmanager
    async def consuming(self, came: Came) -> AsyncIterator[None]:
        async with self._opened() as events:
            inbox = _Inbox(came)
            task = asyncio.create_task(events.subscribe(Topic(name=TOPIC), inbox))
            await inbox.registered.wait()
            try:
                yield
            finally:
                task.cancel()
                await asyncio.wait({task})


class _Inbox(Delivery[Message]):
    def __init__(self, came: Came) -> None:
        self.registered = asyncio.Event()
        self._came = came

    async def __call__(self, message: Message) -> Outcome:
        self._came(message.data)
        return Accepted()

    def ready(self) -> None:
        self.registered.set()


#: What each case adds, so that messages stay while nobody is subscribed.
KEPT: Final[Mapping[str, Mapping[str, str]]] = {
    "pubsub.mqtt3": {"consumerID": "ours", "cleanSession": "false", "qos": "1"},
    "pubsub.jetstream": {"durableName": "ours", "ackWait": "30s"},
    "pubsub.rabbitmq": {"durable": "true", "deliveryMode": "2", "concurrencyMode": "parallel"},
}


async def measure(broker: Broker, ops: int) -> AsyncIterator[Row]:
    """Measure a broker that has no messages."""
    async with broker.consuming(lambda _: None):
        pass
    wanted = {f"{each:0100}".encode() for each in range(ops)}
    messages = sorted(wanted)

    async with broker.publishing() as publish:

        async def one(each: int) -> None:
            await publish(messages[each])
            published.answered(well=True)

        with (published := Measured("publish")):
            await shared(range(ops), one, AT_ONCE)
    yield published.row()

    all_came = asyncio.Event()

    def came(data: bytes) -> None:
        if data in wanted:
            wanted.discard(data)
            consumed.answered(well=True)
            if not wanted:
                all_came.set()

    with (consumed := Measured("consume")):
        async with broker.consuming(came):
            await all_came.wait()
    yield consumed.row()
