"""
A broker in the memory of its process.

Facts: components-contrib ``pubsub/in-memory/in-memory.go``, ``common/eventbus/eventbus.go``. Unlike there, a
message carries the topic it was published to, also where the subscription used a wildcard, and a subscription
that was cut finds its messages again when it comes back soon.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from pluggable import About, pubsub
from pluggable.delivery import Accepted, Delivery, Rejected
from pluggable.metadata import Metadata

from .backlog import Backlog

logger = logging.getLogger(__name__)

#: So long, in seconds, the messages of a subscription that was cut wait for the next one to its topic.
KEPT_FOR: Final = 30.0
#: A message nobody answered, on a stream that lives on, is delivered again after so many seconds.
REDELIVERED_AFTER: Final = 0.1


class InMemoryPubSub(pubsub.PubSub, pubsub.WildcardTopics):
    """
    Topics with subscribers in this object only; without a subscriber a message is discarded.

    Every subscription gets each message once, in order, one at a time. A rejected message is dropped.
    Publishing waits while a subscription has too much before it.
    """

    about = About(
        title="In-memory",
        description="Topics in the memory of the component's process; what is in them is gone when it ends.",
        url="https://docs.dapr.io/reference/components-reference/supported-pubsub/setup-inmemory/",
        status="development-only",
    )

    def __init__(self) -> None:
        self._backlogs: list[Backlog] = []
        self._left: dict[Backlog, asyncio.TimerHandle] = {}
        self._name = ""

    async def init(self, metadata: Metadata) -> None:
        self._name = metadata.name
        logger.warning(
            'pubsub.in-memory "%s" keeps its messages in this process; they are gone when it ends',
            metadata.name,
        )

    async def close(self) -> None:
        for timer in self._left.values():
            timer.cancel()
        self._left.clear()
        for backlog in self._backlogs:
            backlog.clear()
        self._backlogs.clear()

    async def publish(self, request: pubsub.PublishRequest) -> None:
        message = pubsub.Message(
            data=request.data,
            topic=request.topic,
            metadata=request.metadata,
            content_type=request.content_type,
        )
        for backlog in await self._with_room(request.topic):
            backlog.add(message)

    async def subscribe(self, topic: pubsub.Topic, deliver: Delivery[pubsub.Message]) -> None:
        backlog = self._taken_up(topic.name)
        deliver.ready()
        try:
            while True:
                await self._deliver_first(backlog, deliver)
        finally:
            # The stream of a subscription may be cut and opened again at once: nothing is lost in between.
            if backlog in self._backlogs:
                later = asyncio.get_running_loop().call_later
                self._left[backlog] = later(KEPT_FOR, self._forget, backlog)

    async def _with_room(self, topic: str) -> list[Backlog]:
        """Wait until all subscriptions to the topic have room and return them: all get a message or none."""
        while True:
            backlogs = [backlog for backlog in self._backlogs if backlog.matches(topic)]
            full = next((backlog for backlog in backlogs if backlog.full), None)
            if full is None:
                return backlogs
            await full.changed()

    async def _deliver_first(self, backlog: Backlog, deliver: Delivery[pubsub.Message]) -> None:
        message = await backlog.first()
        match await deliver(message):
            case Accepted():
                backlog.drop_first()
            case Rejected(reason):
                logger.error(
                    'pubsub.in-memory "%s": a message to topic "%s" was rejected and is dropped: %s',
                    self._name,
                    message.topic,
                    reason,
                )
                backlog.drop_first()
            case _:
                # The stream was cut: this ends in cancellation, and the message stays for the next one.
                await asyncio.sleep(REDELIVERED_AFTER)

    def _taken_up(self, topic: str) -> Backlog:
        """Return what an earlier subscription to the topic left behind, or a new backlog."""
        for backlog, timer in self._left.items():
            if backlog.topic == topic:
                timer.cancel()
                del self._left[backlog]
                return backlog
        backlog = Backlog(topic)
        self._backlogs.append(backlog)
        return backlog

    def _forget(self, backlog: Backlog) -> None:
        del self._left[backlog]
        self._backlogs.remove(backlog)
        if backlog:
            logger.warning(
                'pubsub.in-memory "%s": %d messages to topic "%s" are dropped: nobody came back in %d s',
                self._name,
                len(backlog),
                backlog.topic,
                KEPT_FOR,
            )
        backlog.clear()
