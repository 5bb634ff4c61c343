"""The subscriptions that run: one task each, on the brokers that are there now."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from ..appchannel import AppChannel, AppError
from ..components.catalog import Catalog
from ..config import RuntimeConfig
from ..errors import PubSubNotFoundError, SubscriptionForbiddenError
from ..resources import Changes, Subscription
from ..telemetry import Telemetry
from ..traffic import MessageTraffic
from .broker import Broker
from .delivery import Receiver
from .intake import pause, retire, wind_down
from .reading import Reader
from .sources import Sources
from .subscribed import Subscribed, Wanted

logger: logging.Logger = logging.getLogger(__name__)

#: A topic of a broker for the application, or the number of a stream.
Key = tuple[str, str] | int


class Subscriptions:
    """
    All subscriptions of the application.

    Once opened they follow what is declared and which brokers are loaded. Those of streams need no opening:
    they stand as long as their stream, whatever the application is like. ``close`` must be awaited.
    """

    def __init__(
        self,
        catalog: Catalog,
        channel: AppChannel,
        config: RuntimeConfig,
        traffic: MessageTraffic | None = None,
    ) -> None:
        self.closing: asyncio.Event = asyncio.Event()
        """No subscription begins any more."""
        self.closed: asyncio.Event = asyncio.Event()
        """No message comes any more, and no answer counts."""
        self._catalog = catalog
        self._channel = channel
        self._config = config
        self._traffic = traffic or MessageTraffic(Telemetry(config.app_id), config.namespace)
        self._sources = Sources()
        self._streams: dict[int, tuple[Subscription, Receiver]] = {}
        self._running: dict[Key, Subscribed] = {}
        self._retiring: dict[Key, asyncio.Task[None]] = {}
        self._asked: Sequence[Subscription] = ()
        self._opened = False
        self._numbers = 0
        self._watching = False

    def declare(self, changes: Changes) -> None:
        """Take over what YAML newly says of subscriptions."""
        self._sources.apply(changes)
        self._follow()

    async def load_programmatic(self) -> None:
        """
        Ask the application which topics it wants, for when it is opened.

        An answer that cannot be read is logged, and is none.
        """
        try:
            asked = await self._channel.subscriptions()
        except AppError as error:
            logger.error("error getting topics from app: %s", error)  # noqa: TRY400  the error says it all
            return
        self._asked = asked
        if self._opened:
            self.open()

    def listing(self) -> list[Subscription]:
        """
        Return every subscription that counts, in order, whether or not it can be served; streams last.

        One that is about to stand is not among them: who sees it here may publish to it.
        """
        beginning = {key for key, each in self._running.items() if each.beginning}
        found: dict[Key, Subscription] = {
            (each.pubsub, each.topic): each for each in self._sources.effective()
        }
        found |= {number: subscription for number, (subscription, _) in self._streams.items()}
        return [subscription for key, subscription in found.items() if key not in beginning]

    def open(self) -> None:
        """Begin to subscribe for the application, now and whenever a broker or a subscription is new."""
        self._opened = True
        self._sources.ask_for(self._asked)
        self._watch()
        self._follow()

    def halt(self) -> None:
        """
        End what was begun for the application until it is opened again; what it has may be answered still.

        Sources stay as they are, and streams go on.
        """
        self._opened = False
        self._follow()

    async def ready(self, timeout_seconds: float) -> bool:
        """Wait, not longer than this, until every subscription stands; return whether all do."""
        return await _ready([*self._running.values()], timeout_seconds)

    @asynccontextmanager
    async def streaming(
        self, subscription: Subscription, receiver: Receiver, timeout_seconds: float
    ) -> AsyncIterator[None]:
        """
        Subscribe for a stream for as long as this lasts, having waited so long for the broker to confirm it.

        Meanwhile the application gets none of the topic's messages otherwise.

        Raises:
            PubSubNotFoundError: there is no such broker.
            SubscriptionForbiddenError: its scopes keep the application from the topic.
            SubscriptionFaultError: the subscription's metadata is faulty.
        """
        self._check(subscription)
        self._numbers += 1
        number = self._numbers
        self._streams[number] = (subscription, receiver)
        try:
            self._watch()
            self._follow()
            if number in self._running:
                await _ready([self._running[number]], timeout_seconds)
            yield
        finally:
            del self._streams[number]
            self._follow()

    async def close(self, longer_seconds: float = 0.0) -> None:
        """
        Take no more messages, let those with the application be answered, then unsubscribe.

        They have the time of a graceful shutdown for that, and what is given beyond it.
        """
        self.closing.set()
        running = [each for each in self._running.values() if each.task is not None]
        self._running.clear()
        for each in running:
            each.intake.seal()
        components = list({id(each.loaded): each.loaded.component for each in running}.values())
        tasks = [*(each.task for each in running if each.task is not None), *self._retiring.values()]
        seconds = 0.0  # whoever cancels this has no more time
        try:
            await asyncio.gather(*(pause(component) for component in components))
            seconds = self._config.graceful_shutdown_seconds + longer_seconds
        finally:
            await wind_down([each.intake for each in running], [*components], tasks, seconds)
            self.closed.set()

    def _check(self, subscription: Subscription) -> None:
        loaded = self._catalog.pubsub.get(subscription.pubsub)
        if loaded is None:
            raise PubSubNotFoundError(subscription.pubsub)
        broker = Broker.of(loaded, self._config)
        if not broker.subscribing.allows(subscription.topic):
            raise SubscriptionForbiddenError(subscription.pubsub, subscription.topic)
        Reader(subscription, broker)

    def _watch(self) -> None:
        if not self._watching:
            self._watching = True
            self._catalog.watch(self._follow)

    def _follow(self) -> None:
        """Start, replace and end subscriptions so that they are what they should be."""
        if self.closing.is_set():
            return
        wanted = self._wanted()
        for key, running in list(self._running.items()):
            if running.wanted != wanted.get(key):
                del self._running[key]
                self._retire(key, running)
        for key, each in wanted.items():
            if key not in self._running:
                self._running[key] = Subscribed(
                    each, self._config, self._traffic, after=self._retiring.get(key)
                )

    def _wanted(self) -> dict[Key, Wanted]:
        """Return what should run on the brokers there are; a stream has its topic for itself."""
        found: dict[Key, tuple[Subscription, Receiver | AppChannel]] = dict(self._streams.items())
        if self._opened and self._channel.exists:
            streamed = {(each.pubsub, each.topic) for each, _ in self._streams.values()}
            for each in self._sources.effective():
                if (key := (each.pubsub, each.topic)) not in streamed:
                    found[key] = (each, self._channel)
        return {
            key: Wanted(subscription, loaded, receiver)
            for key, (subscription, receiver) in found.items()
            if (loaded := self._catalog.pubsub.get(subscription.pubsub)) is not None
        }

    def _retire(self, key: Key, running: Subscribed) -> None:
        """End a subscription in its own time, while others go on."""
        if running.task is None:
            return
        ending = asyncio.create_task(
            retire(running.intake, running.task, self._config.graceful_shutdown_seconds),
            name=f"end of {running.task.get_name()}",
        )
        self._retiring[key] = ending
        ending.add_done_callback(lambda _: self._retired(key, ending))

    def _retired(self, key: Key, ending: asyncio.Task[None]) -> None:
        if self._retiring.get(key) is ending:
            del self._retiring[key]


async def _ready(running: list[Subscribed], timeout_seconds: float) -> bool:
    try:
        async with asyncio.timeout(timeout_seconds):
            for each in running:
                if each.task is not None:
                    await each.intake.ready.wait()
    except TimeoutError:
        return False
    return True
