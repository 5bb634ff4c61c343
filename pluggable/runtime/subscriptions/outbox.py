"""The outbox, its second half: what was announced is published once its transaction has left its marker."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ... import pubsub, state
from ...delivery import Accepted, Delivery, Outcome, Rejected, Unanswered
from ...errors import ComponentError
from .. import cloudevents
from ..apart import apart
from ..blocks.outbox import Outbox, OutboxSettings, outbox_settings, publish_event
from ..blocks.publish import Publishing
from ..blocks.scopes import topic_prefix
from ..catalog import Catalog, Loaded
from ..config import RuntimeConfig
from ..errors import PublishingError
from .intake import Intake, keep_going, wind_down

#: How long a transaction may take from its announcement to its marker, before it counts as failed.
MARKER_SECONDS: Final = 11.0
FIRST_PAUSE_SECONDS: Final = 0.02
LONGEST_PAUSE_SECONDS: Final = 1.0

logger: logging.Logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Source:
    """A store whose values are announced, and where they go."""

    store: Loaded[state.StateStore]
    settings: OutboxSettings


@dataclass(frozen=True, slots=True)
class Route:
    """One internal topic: on which broker, and whose markers are looked for."""

    broker: Loaded[pubsub.PubSub]
    sources: tuple[Source, ...]


@dataclass(slots=True, eq=False)
class _Running:
    route: Route
    delivery: Relaying
    task: asyncio.Task[None]


class OutboxRelay:
    """
    Reads the internal topics of all stores, as they come and go.

    It reads from ``open`` on and publishes from ``release`` on, when the application's subscriptions stand:
    a broker in memory keeps neither what nobody reads. ``close`` must be awaited.
    """

    def __init__(
        self, catalog: Catalog, outbox: Outbox, publishing: Publishing, config: RuntimeConfig
    ) -> None:
        self._catalog = catalog
        self._outbox = outbox
        self._publishing = publishing
        self._config = config
        self._released = asyncio.Event()
        self._closing = asyncio.Event()
        self._running: dict[tuple[str, str], _Running] = {}
        self._ending: set[asyncio.Task[None]] = set()

    def open(self) -> None:
        """Begin to read, now and whenever a store or a broker is new."""
        self._catalog.watch(self._follow)
        self._follow()

    async def ready(self, timeout_seconds: float) -> None:
        """Wait, not longer than this, until what is announced from now on is seen."""
        try:
            async with asyncio.timeout(timeout_seconds):
                for running in list(self._running.values()):
                    await running.delivery.intake.ready.wait()
        except TimeoutError:
            pass  # most strangers never say

    def release(self) -> None:
        """Begin to publish."""
        self._released.set()

    async def close(self) -> None:
        """Take nothing more; what still waits for its marker comes again, where the broker keeps it."""
        self._closing.set()
        self._released.set()
        running, self._running = list(self._running.values()), {}
        await wind_down(
            [each.delivery.intake for each in running],
            [each.route.broker.component for each in running],
            [*(each.task for each in running), *self._ending],
            self._config.graceful_shutdown_seconds,
        )

    def _follow(self) -> None:
        """Start and end subscriptions so that there is one for every outbox whose broker is there."""
        if self._closing.is_set():
            return
        wanted = dict(self._routes())
        for key, running in list(self._running.items()):
            if wanted.get(key) != running.route:
                del self._running[key]
                self._end(running)
        for key, route in wanted.items():
            if key not in self._running:
                self._running[key] = self._start(route, key[1])

    def _routes(self) -> Iterator[tuple[tuple[str, str], Route]]:
        """Yield the internal topics; stores that share one share its subscription."""
        found: dict[tuple[str, str], list[Source]] = {}
        for store in self._catalog.state.values():
            if (settings := outbox_settings(store.properties)) is not None:
                key = (settings.internal_pubsub, settings.internal_topic(self._config))
                found.setdefault(key, []).append(Source(store, settings))
        for key, sharing in found.items():
            if (broker := self._catalog.pubsub.get(key[0])) is not None:
                yield key, Route(broker, tuple(sharing))

    def _start(self, route: Route, topic: str) -> _Running:
        delivery = Relaying(route, self._outbox, self._publishing, self._released, self._closing)
        wanted = pubsub.Topic(name=topic_prefix(route.broker, self._config) + topic)
        what = f"subscription to internal outbox topic {topic} on pubsub {route.broker.spec.name}"
        component = route.broker.component
        task = asyncio.create_task(keep_going(what, lambda: component.subscribe(wanted, delivery)), name=what)
        return _Running(route, delivery, task)

    def _end(self, running: _Running) -> None:
        ending = asyncio.create_task(
            wind_down([running.delivery.intake], [], [running.task], self._config.graceful_shutdown_seconds)
        )
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)


class Relaying(Delivery[pubsub.Message]):
    """Publishes the events of one internal topic, each after its marker was found, which goes then."""

    def __init__(
        self,
        route: Route,
        outbox: Outbox,
        publishing: Publishing,
        released: asyncio.Event,
        closing: asyncio.Event,
    ) -> None:
        self.intake: Intake = Intake()
        self._sources = route.sources
        self._outbox = outbox
        self._publishing = publishing
        self._released = released
        self._closing = closing

    def ready(self) -> None:
        self.intake.ready.set()

    async def __call__(self, message: pubsub.Message) -> Outcome:
        with self.intake.handling():
            await self._released.wait()
            return Unanswered() if self.intake.sealed else await self._handle(message.data)

    async def _handle(self, event: bytes) -> Outcome:
        try:
            key = await apart(len(event), cloudevents.attribute, event, "id")
        except ValueError as error:
            return _refused(f"the message is no event: {error}")
        source = await self._marked(key)
        if source is None:
            return self._missing(key)
        settings = source.settings
        addressed = {"topic": settings.topic, "pubsubname": settings.pubsub}
        try:
            ready = await apart(len(event), cloudevents.rewritten, event, addressed)
            await publish_event(self._publishing, settings.pubsub, settings.topic, ready)
        except PublishingError as error:
            return _refused(f"to topic {settings.topic} with pubsub {settings.pubsub}: {error}")
        await _unmark(source.store, key)
        return Accepted()

    async def _marked(self, key: str) -> Source | None:
        """Return the store that has the marker, waiting for it as long as a transaction may take."""
        until = asyncio.get_running_loop().time() + MARKER_SECONDS
        pause = FIRST_PAUSE_SECONDS
        while True:
            for source in self._sources:
                if await _has(source.store, key):
                    return source
            over = self._outbox.is_void(key) or asyncio.get_running_loop().time() >= until
            if over or await self._closed_within(pause):
                return None
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def _closed_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                return await self._closing.wait()
        except TimeoutError:
            return False

    def _missing(self, key: str) -> Outcome:
        if self._outbox.is_void(key):
            logger.debug("%s was announced for a transaction that was refused", key)
            return Accepted()
        if self._closing.is_set():
            return Unanswered()
        names = ", ".join(source.store.spec.name for source in self._sources)
        reason = f"outbox state not found: {key} is not in {names}, so its transaction was not committed"
        if all(source.settings.discard_when_missing for source in self._sources):
            logger.error("%s; the message is discarded", reason)
            return Accepted()
        return _refused(reason)


def _refused(reason: str) -> Outcome:
    reason = f"cannot publish outbox message: {reason}"
    logger.error("%s", reason)
    return Rejected(reason)


async def _has(store: Loaded[state.StateStore], key: str) -> bool:
    try:
        found = await store.component.get(state.GetRequest(key=key))
    except ComponentError as error:
        logger.debug("outbox marker %s cannot be looked for in %s: %s", key, store.spec.name, error)
        return False
    return found is not None and bool(found.data)


async def _unmark(store: Loaded[state.StateStore], key: str) -> None:
    """Remove the marker; one that stays does no harm, while an answer that says so would publish again."""
    try:
        await store.component.delete(state.DeleteRequest(key=key))
    except ComponentError as error:
        logger.warning("outbox marker %s stays in state store %s: %s", key, store.spec.name, error)
