"""Events of input bindings to the application: which it wants, and handing them over."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from .. import bindings
from ..delivery import Accepted, Delivery, Outcome, Rejected
from .appchannel import AppChannel, AppError
from .catalog import Catalog, Loaded
from .config import RuntimeConfig
from .parts import named_directions
from .subscriptions.intake import Intake, keep_going, wind_down

#: How many events of one binding are with the application at a time; the rest waits in the component.
EVENTS_AT_ONCE = 256
CLOSED = Rejected("input binding is closed")

logger: logging.Logger = logging.getLogger(__name__)


class EventDelivery(Delivery[bindings.Event]):
    """Hands the events of one binding to its route, and back what the application answers."""

    def __init__(self, name: str, route: str, channel: AppChannel) -> None:
        self.intake: Intake = Intake()
        self._name = name
        self._route = route
        self._channel = channel
        self._room = asyncio.Semaphore(EVENTS_AT_ONCE)

    def ready(self) -> None:
        self.intake.ready.set()

    async def __call__(self, message: bindings.Event) -> Outcome:
        with self.intake.handling():
            async with self._room:
                if self.intake.sealed:
                    return CLOSED
                try:
                    answer = await self._channel.binding_event(self._name, self._route, message)
                    return Accepted(answer.data)
                except AppError as error:
                    logger.error(  # noqa: TRY400  the error says it all
                        "error from app consumer for binding [%s]: %s", self._name, error
                    )
                    return Rejected(str(error))


@dataclass(slots=True, eq=False)
class _Reading:
    """One binding that is read, or was asked about."""

    loaded: Loaded[bindings.InputBinding]
    delivery: EventDelivery
    task: asyncio.Task[None] | None = None
    wanted: bool | None = None
    """Whether the application takes its events; ``None`` until that is known."""


class InputBindings:
    """
    All input bindings. Once opened they follow which are loaded. ``close`` must be awaited.

    A binding whose ``direction`` says ``input`` is read in any case, one that says nothing if the application
    wants it. Source: dapr/dapr ``pkg/runtime/processor/binding``.
    """

    def __init__(self, catalog: Catalog, channel: AppChannel, config: RuntimeConfig) -> None:
        self._catalog = catalog
        self._channel = channel
        self._config = config
        self._readings: dict[str, _Reading] = {}
        self._retiring: set[asyncio.Task[None]] = set()
        self._opened = False
        self._closed = False

    async def probe(self) -> None:
        """Ask the application, once for each binding that is loaded, whether it wants the events."""
        self._note()
        await asyncio.gather(*(self._decide(reading) for reading in self._readings.values()))

    def open(self) -> None:
        """Begin to read, now and whenever a binding is new."""
        if not self._opened:
            self._opened = True
            self._catalog.watch(self._follow)
            self._follow()

    async def close(self) -> None:
        """Take no more events, let those with the application be answered, then stop reading."""
        self._closed = True
        readings = [reading for reading in self._readings.values() if reading.task is not None]
        self._readings.clear()
        tasks = [*(reading.task for reading in readings if reading.task is not None), *self._retiring]
        await wind_down(
            [reading.delivery.intake for reading in readings],
            [reading.loaded.component for reading in readings],
            tasks,
            self._config.graceful_shutdown_seconds,
        )

    def _follow(self) -> None:
        """Read what is loaded, and nothing else."""
        if self._closed or not self._channel.exists:
            return
        self._note()
        for name, reading in self._readings.items():
            if reading.task is None and reading.wanted is not False:
                reading.task = asyncio.create_task(self._read(name, reading), name=f"input binding {name}")

    def _note(self) -> None:
        """Bring the list of readings in line with the catalog."""
        for name, reading in list(self._readings.items()):
            if self._catalog.inputs.get(name) is not reading.loaded:
                del self._readings[name]
                self._retire(reading)
        for name, loaded in self._catalog.inputs.items():
            if name not in self._readings:
                route = loaded.properties.get("route") or name
                self._readings[name] = _Reading(loaded, EventDelivery(name, route, self._channel))

    async def _decide(self, reading: _Reading) -> None:
        """Find out whether the application takes the binding's events."""
        properties, name = reading.loaded.properties, reading.loaded.spec.name
        directions = named_directions(properties)
        if directions or not self._channel.exists:
            reading.wanted = "input" in directions and self._channel.exists
            return
        seconds = self._config.app_binding_options_timeout_seconds
        reading.wanted = await self._channel.wants_binding(name, properties.get("route") or name, seconds)
        if not reading.wanted:
            logger.info("app has not subscribed to binding %s", name)

    async def _read(self, name: str, reading: _Reading) -> None:
        if reading.wanted is None:
            await self._decide(reading)
        if reading.wanted:
            await keep_going(f"input binding {name}", lambda: reading.loaded.component.read(reading.delivery))

    def _retire(self, reading: _Reading) -> None:
        """End a binding in its own time, while others go on."""
        if reading.task is None:
            return
        reading.delivery.intake.sealed = True
        seconds = self._config.graceful_shutdown_seconds
        ending = asyncio.create_task(wind_down([reading.delivery.intake], [], [reading.task], seconds))
        self._retiring.add(ending)
        ending.add_done_callback(self._retiring.discard)
