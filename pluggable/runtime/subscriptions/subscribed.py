"""One subscription on one broker, from its begin to its end."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Final

from ... import pubsub
from ..appchannel import AppChannel
from ..components.catalog import Loaded
from ..config import RuntimeConfig
from ..resources import Subscription
from ..traffic import MessageTraffic
from .batches import Batches
from .broker import Broker, DeadLetters
from .delivery import Count, MessageDelivery, Receiver
from .intake import Intake, keep_going
from .reading import Reader, SubscriptionFaultError

#: How long a broker may take to confirm a subscription; most strangers never do.
SUBSCRIBED_SECONDS: Final = 0.5

logger: logging.Logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be subscribed to, on which component, for whom."""

    subscription: Subscription
    loaded: Loaded[pubsub.PubSub]
    receiver: Receiver | AppChannel


class Subscribed:
    """
    A subscription that runs; without a task where it may not or cannot.

    It begins once the one that it takes the place of, ``after``, has ended.
    """

    def __init__(
        self,
        wanted: Wanted,
        config: RuntimeConfig,
        traffic: MessageTraffic,
        *,
        after: asyncio.Task[None] | None = None,
    ) -> None:
        self.wanted = wanted
        self.intake: Intake = Intake()
        self.task: asyncio.Task[None] | None = None
        self._begun = asyncio.get_running_loop().time()
        self._broker = Broker.of(wanted.loaded, config)
        self._traffic = traffic
        self._after = after
        if self._may() and (reader := self._reader()) is not None:
            subscription = wanted.subscription
            self.task = asyncio.create_task(
                self._run(reader), name=f"subscription to {subscription.topic} on {subscription.pubsub}"
            )

    @property
    def beginning(self) -> bool:
        """Whether it is about to stand; one whose broker does not say so in time counts as standing."""
        if self.task is None or self.intake.ready.is_set():
            return False
        return asyncio.get_running_loop().time() - self._begun < SUBSCRIBED_SECONDS

    @property
    def loaded(self) -> Loaded[pubsub.PubSub]:
        """The component that it is on."""
        return self.wanted.loaded

    def _may(self) -> bool:
        subscription = self.wanted.subscription
        if self._broker.subscribing.allows(subscription.topic):
            return True
        logger.warning(
            "subscription to topic %s on pubsub %s is not allowed to this application: no messages",
            subscription.topic,
            subscription.pubsub,
        )
        return False

    def _reader(self) -> Reader | None:
        subscription = self.wanted.subscription
        try:
            return Reader(subscription, self._broker)
        except SubscriptionFaultError as error:
            logger.error(  # noqa: TRY400  the error says it all
                "subscription to topic %s on pubsub %s [%s] gets no messages: %s",
                subscription.topic,
                subscription.pubsub,
                subscription.origin,
                error,
            )
            return None

    async def _run(self, reader: Reader) -> None:
        """Hold the subscription."""
        if self._after is not None:
            await asyncio.wait({self._after})
        receiver = self.wanted.receiver
        if not self.wanted.subscription.bulk.enabled or not isinstance(receiver, AppChannel):
            await self._subscribe(reader, receiver, self._traffic.handled)
            return
        batches = self._batches(reader, receiver)
        self.intake.when_sealed = batches.hurry
        async with asyncio.TaskGroup() as tasks:
            what = f"handing over messages of topic {self.wanted.subscription.topic} together"
            tasks.create_task(keep_going(what, batches.run))
            await self._subscribe(reader, batches, self._traffic.handled_together)

    async def _subscribe(self, reader: Reader, receiver: Receiver, count: Count) -> None:
        subscription, broker = self.wanted.subscription, self._broker
        dead_letters = DeadLetters(broker, subscription.dead_letter_topic)
        delivery = MessageDelivery(self.intake, reader, dead_letters, receiver, broker.name, count)
        topic = pubsub.Topic(name=broker.topic_prefix + subscription.topic, metadata=subscription.metadata)
        what = f"subscription to topic {subscription.topic} on pubsub {broker.name}"
        logger.debug("%s begins", what)
        await keep_going(what, lambda: broker.component.subscribe(topic, delivery))

    def _batches(self, reader: Reader, channel: AppChannel) -> Batches:
        subscription = self.wanted.subscription
        immediate = pubsub.ImmediateBulk.feature in self._broker.component.features
        if immediate:
            logger.info(
                "bulk subscribe on topic %s: messages are handed over as they come, as pubsub %s asks for; "
                "maxAwaitDurationMs has no say",
                subscription.topic,
                subscription.pubsub,
            )
        return Batches(
            channel,
            subscription.bulk,
            raw=reader.raw,
            immediate=immediate,
            count=self._traffic.handed_together,
        )
