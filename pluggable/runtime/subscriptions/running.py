"""The subscriptions that run: one task each, on the brokers that are there now."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass

from ... import pubsub
from ...errors import ComponentError
from ..appchannel import AppChannel, AppError
from ..catalog import Catalog, Loaded
from ..config import RuntimeConfig
from ..resources import Changes, Subscription
from .delivery import Broker, MessageDelivery, SubscriptionFaultError
from .intake import keep_going, wind_down
from .sources import Sources

#: How long a broker may take to confirm that it pauses, while the sidecar stops.
PAUSE_SECONDS = 1.0

logger: logging.Logger = logging.getLogger(__name__)

Key = tuple[str, str]


@dataclass(slots=True, eq=False)
class _Running:
    """One subscription on one component; no task where it can or may not deliver."""

    subscription: Subscription
    loaded: Loaded[pubsub.PubSub]
    delivery: MessageDelivery | None = None
    task: asyncio.Task[None] | None = None


class Subscriptions:
    """
    All subscriptions of the application.

    Once opened they follow what is declared and which brokers are loaded. ``close`` must be awaited.
    """

    def __init__(self, catalog: Catalog, channel: AppChannel, config: RuntimeConfig) -> None:
        self._catalog = catalog
        self._channel = channel
        self._config = config
        self._sources = Sources()
        self._running: dict[Key, _Running] = {}
        self._retiring: dict[Key, asyncio.Task[None]] = {}
        self._opened = False
        self._closed = False

    def declare(self, changes: Changes) -> None:
        """Take over what YAML newly says of subscriptions."""
        self._sources.apply(changes)
        self._follow()

    async def load_programmatic(self) -> None:
        """Ask the application which topics it wants; an answer that cannot be read is logged, and is none."""
        try:
            asked = await self._channel.subscriptions()
        except AppError as error:
            logger.error("error getting topics from app: %s", error)  # noqa: TRY400  the error says it all
            return
        self._sources.ask_for(asked)
        self._follow()

    def listing(self) -> list[Subscription]:
        """Return every subscription that counts, in order, whether or not it can be served."""
        return self._sources.effective()

    def open(self) -> None:
        """Begin to subscribe, now and whenever a broker or a subscription is new."""
        if self._opened:
            return
        self._opened = True
        self._catalog.watch(self._follow)
        self._follow()

    async def ready(self, timeout_seconds: float) -> bool:
        """Wait, not longer than this, until every subscription stands; return whether all do."""
        intakes = [running.delivery.intake for running in self._running.values() if running.delivery]
        try:
            async with asyncio.timeout(timeout_seconds):
                for intake in intakes:
                    await intake.ready.wait()
        except TimeoutError:
            return False
        return True

    async def close(self) -> None:
        """Take no more messages, let those with the application be answered, then unsubscribe."""
        self._closed = True
        running = [each for each in self._running.values() if each.task is not None]
        self._running.clear()
        intakes = [each.delivery.intake for each in running if each.delivery is not None]
        for intake in intakes:
            intake.sealed = True
        components = list({id(each.loaded): each.loaded.component for each in running}.values())
        tasks = [*(each.task for each in running if each.task is not None), *self._retiring.values()]
        seconds = 0.0  # whoever cancels this has no more time
        try:
            await asyncio.gather(*(_pause(component) for component in components))
            seconds = self._config.graceful_shutdown_seconds
        finally:
            await wind_down(intakes, [*components], tasks, seconds)

    def _follow(self) -> None:
        """Start, replace and end subscriptions so that they are what they should be."""
        if not self._opened or self._closed or not self._channel.exists:
            return
        wanted = {
            (each.pubsub, each.topic): (each, loaded)
            for each in self._sources.effective()
            if (loaded := self._catalog.pubsub.get(each.pubsub)) is not None
        }
        for key, running in list(self._running.items()):
            subscription, loaded = wanted.get(key, (None, None))
            if running.subscription != subscription or running.loaded is not loaded:
                del self._running[key]
                self._retire(key, running)
        for key, (subscription, loaded) in wanted.items():
            if key not in self._running:
                self._running[key] = self._start(key, subscription, loaded)

    def _start(self, key: Key, subscription: Subscription, loaded: Loaded[pubsub.PubSub]) -> _Running:
        broker = Broker.of(loaded, self._config)
        running = _Running(subscription, loaded)
        if not broker.subscribing.allows(subscription.topic):
            logger.warning(
                "subscription to topic %s on pubsub %s is not allowed to this application: no messages",
                subscription.topic,
                subscription.pubsub,
            )
            return running
        try:
            delivery = MessageDelivery(subscription, broker, self._channel)
        except SubscriptionFaultError as error:
            logger.error(  # noqa: TRY400  the error says it all
                "subscription to topic %s on pubsub %s [%s] gets no messages: %s",
                subscription.topic,
                subscription.pubsub,
                subscription.origin,
                error,
            )
            return running
        if subscription.bulk.enabled:
            logger.warning(
                "bulkSubscribe of topic %s on pubsub %s is not offered yet: messages are delivered singly",
                subscription.topic,
                subscription.pubsub,
            )
        running.delivery = delivery
        running.task = asyncio.create_task(
            self._subscribe(subscription, broker, delivery, self._retiring.get(key)),
            name=f"subscription to {subscription.topic} on {subscription.pubsub}",
        )
        return running

    async def _subscribe(
        self,
        subscription: Subscription,
        broker: Broker,
        delivery: MessageDelivery,
        before: asyncio.Task[None] | None,
    ) -> None:
        """Hold one subscription, once the one that it replaces has ended."""
        if before is not None:
            await asyncio.wait({before})
        topic = pubsub.Topic(name=broker.topic_prefix + subscription.topic, metadata=subscription.metadata)
        what = f"subscription to topic {subscription.topic} on pubsub {broker.name}"
        logger.debug("%s begins", what)
        await keep_going(what, lambda: broker.component.subscribe(topic, delivery))

    def _retire(self, key: Key, running: _Running) -> None:
        """End a subscription in its own time, while others go on."""
        if running.task is None or running.delivery is None:
            return
        ending = asyncio.create_task(
            wind_down([running.delivery.intake], [], [running.task], self._config.graceful_shutdown_seconds),
            name=f"end of {running.task.get_name()}",
        )
        running.delivery.intake.sealed = True
        self._retiring[key] = ending
        ending.add_done_callback(lambda _: self._retired(key, ending))

    def _retired(self, key: Key, ending: asyncio.Task[None]) -> None:
        if self._retiring.get(key) is ending:
            del self._retiring[key]


async def _pause(component: pubsub.PubSub) -> None:
    """Ask a broker that can to deliver nothing more; one that does not answer is simply left."""
    if isinstance(component, pubsub.Pausable):
        with suppress(ComponentError, TimeoutError):
            async with asyncio.timeout(PAUSE_SECONDS):
                await component.pause()
