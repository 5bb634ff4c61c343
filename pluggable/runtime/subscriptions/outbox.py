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
from ..components.catalog import Catalog, Loaded
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
        self._ending: dict[tuple[str, str], asyncio.Task[None]] = {}

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
            [*(each.task for each in running), *self._ending.values()],
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
                self._end(key, running)
        for key, route in wanted.items():
            if key not in self._running:
                self._running[key] = self._start(key, route)

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

    def _start(self, key: tuple[str, str], route: Route) -> _Running:
        delivery = Relaying(route, self._outbox, self._publishing, self._released, self._closing)
        what = f"subscription to internal outbox topic {key[1]} on pubsub {key[0]}"
        wanted = pubsub.Topic(name=topic_prefix(route.broker, self._config) + key[1])
        before = self._ending.get(key)

        async def subscribe() -> None:
            if before is not None:
                await asyncio.wait({before})
            await keep_going(what, lambda: route.broker.component.subscribe(wanted, delivery))

        return _Running(route, delivery, asyncio.create_task(subscribe(), name=what))

    def _end(self, key: tuple[str, str], running: _Running) -> None:
        ending = asyncio.create_task(
            wind_down([running.delivery.intake], [], [running.task], self._config.graceful_shutdown_seconds)
        )
        running.delivery.intake.seal()
        self._ending[key] = ending
        ending.add_done_callback(lambda _: self._ended(key, ending))

    def _ended(self, key: tuple[str, str], ending: asyncio.Task[None]) -> None:
        if self._ending.get(key) is ending:
            del self._ending[key]


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
        found = await self._marked(key)
        if not isinstance(found, Source):
            return self._missing(key, found)
        if (failure := await self._published(event, found.settings)) is not None:
            return Unanswered() if self._closing.is_set() else _refused(str(failure))
        await _unmark(found.store, key)
        return Accepted()

    async def _marked(self, key: str) -> Source | ComponentError | None:
        """Return the store that has the marker, waiting for it; an error if one could not be asked."""
        tries = _Tries(self._closing)
        while True:
            failure: ComponentError | None = None
            for source in self._sources:
                try:
                    if await _has(source.store, key):
                        return source
                except ComponentError as error:
                    failure = error
            if self._outbox.is_void(key) or not await tries.another():
                return failure

    async def _published(self, event: bytes, settings: OutboxSettings) -> PublishingError | None:
        """Publish the event where it was meant to go, trying again for a while; return why it was in vain."""
        addressed = {"topic": settings.topic, "pubsubname": settings.pubsub}
        ready = await apart(len(event), cloudevents.rewritten, event, addressed)
        tries = _Tries(self._closing)
        while True:
            try:
                await publish_event(self._publishing, settings.pubsub, settings.topic, ready)
            except PublishingError as error:
                if not await tries.another():
                    return error
            else:
                return None

    def _missing(self, key: str, failure: ComponentError | None) -> Outcome:
        if self._outbox.is_void(key):
            logger.debug("%s was announced for a transaction that was refused", key)
            return Accepted()
        if self._closing.is_set():
            return Unanswered()
        if failure is not None:
            return _refused(f"outbox state {key} cannot be looked for: {failure}")
        names = ", ".join(source.store.spec.name for source in self._sources)
        reason = f"outbox state not found: {key} is not in {names}, so its transaction was not committed"
        if all(source.settings.discard_when_missing for source in self._sources):
            logger.error("%s; the message is discarded", reason)
            return Accepted()
        return _refused(reason)


class _Tries:
    """Waits before each further try, ever longer, until the time is over or the sidecar stops."""

    def __init__(self, closing: asyncio.Event) -> None:
        self._closing = closing
        self._now = asyncio.get_running_loop().time
        self._until = self._now() + MARKER_SECONDS
        self._pause = FIRST_PAUSE_SECONDS

    async def another(self) -> bool:
        """Wait, and return whether to try again."""
        if self._now() >= self._until:
            return False
        try:
            async with asyncio.timeout(self._pause):
                await self._closing.wait()
        except TimeoutError:
            self._pause = min(2 * self._pause, LONGEST_PAUSE_SECONDS)
            return True
        return False


def _refused(reason: str) -> Outcome:
    reason = f"cannot publish outbox message: {reason}"
    logger.error("%s", reason)
    return Rejected(reason)


async def _has(store: Loaded[state.StateStore], key: str) -> bool:
    found = await store.component.get(state.GetRequest(key=key))
    return found is not None and bool(found.data)


async def _unmark(store: Loaded[state.StateStore], key: str) -> None:
    """Remove the marker; one that stays does no harm, while an answer that says so would publish again."""
    try:
        await store.component.delete(state.DeleteRequest(key=key))
    except ComponentError as error:
        logger.warning("outbox marker %s stays in state store %s: %s", key, store.spec.name, error)
