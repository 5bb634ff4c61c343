"""Events of input bindings to the application: which it wants, and handing them over."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from .. import bindings
from ..delivery import Accepted, Delivery, Outcome, Rejected
from .appchannel import AppChannel, AppError, BindingAnswer
from .components.catalog import Catalog, Loaded
from .components.parts import named_directions
from .config import RuntimeConfig
from .subscriptions.intake import Intake, keep_going, refuse_more, retire, wind_down

#: How many events of one binding are with the application at a time; the rest waits in the component.
EVENTS_AT_ONCE = 256
CLOSED = Rejected("input binding is closed")

logger: logging.Logger = logging.getLogger(__name__)


#: Does what an application asks for in its answer to an event.
Oblige = Callable[[str, BindingAnswer], Awaitable[None]]


async def _nothing(_name: str, _answer: BindingAnswer) -> None:
    """Heed nothing."""


class EventDelivery(Delivery[bindings.Event]):
    """Hands the events of one binding to its route, and back what the application answers."""

    def __init__(self, name: str, route: str, channel: AppChannel, oblige: Oblige) -> None:
        self.intake: Intake = Intake()
        self._name = name
        self._route = route
        self._channel = channel
        self._oblige = oblige
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
                except AppError as error:
                    logger.error(  # noqa: TRY400  the error says it all
                        "error from app consumer for binding [%s]: %s", self._name, error
                    )
                    return Rejected(str(error))
                if answer.states or answer.to:
                    await self._oblige(self._name, answer)
                return Accepted(answer.data)


@dataclass(slots=True, eq=False)
class _Reading:
    """One binding that is read, or was asked about."""

    loaded: Loaded[bindings.InputBinding]
    delivery: EventDelivery
    after: asyncio.Task[None] | None = None
    """The end of the one whose place it takes."""
    task: asyncio.Task[None] | None = None
    wanted: bool | None = None
    """Whether the application takes its events; ``None`` until that is known."""


class InputBindings:
    """
    All input bindings. Once opened they follow which are loaded. ``close`` must be awaited.

    A binding whose ``direction`` says ``input`` is read in any case, one that says nothing if the application
    wants it. Source: dapr/dapr ``pkg/runtime/processor/binding``.
    """

    def __init__(
        self, catalog: Catalog, channel: AppChannel, config: RuntimeConfig, oblige: Oblige = _nothing
    ) -> None:
        self._catalog = catalog
        self._channel = channel
        self._config = config
        self._oblige = oblige
        self._readings: dict[str, _Reading] = {}
        self._retiring: dict[str, asyncio.Task[None]] = {}
        self._opened = False
        self._watching = False
        self._closed = False

    async def probe(self) -> None:
        """Ask the application, once for each binding that is loaded, whether it wants the events."""
        self._note()
        await asyncio.gather(*(self._decide(reading) for reading in self._readings.values()))

    def open(self) -> None:
        """Begin to read, now and whenever a binding is new."""
        self._opened = True
        if not self._watching:
            self._watching = True
            self._catalog.watch(self._follow)
        self._follow()

    def halt(self) -> None:
        """Read nothing until opened again; events that the application has may be answered still."""
        self._opened = False
        readings = list(self._readings.items())
        self._readings.clear()  # so that the application is asked anew
        for name, reading in readings:
            self._retire(name, reading)

    async def close(self, longer_seconds: float = 0.0) -> None:
        """
        Take no more events, let those with the application be answered, then stop reading.

        They have the time of a graceful shutdown for that, and what is given beyond it.
        What comes within a moment of the last answer is refused, so that its source need not guess.
        """
        self._closed = True
        readings = [reading for reading in self._readings.values() if reading.task is not None]
        self._readings.clear()
        tasks = [*(reading.task for reading in readings if reading.task), *self._retiring.values()]
        intakes = [reading.delivery.intake for reading in readings]
        busy = [intake for intake in intakes if intake.busy]
        for intake in intakes:
            intake.seal()
        seconds = 0.0  # whoever cancels this has no more time
        try:
            await refuse_more(busy, self._config.graceful_shutdown_seconds + longer_seconds)
            seconds = self._config.graceful_shutdown_seconds + longer_seconds
        finally:
            await wind_down(intakes, [reading.loaded.component for reading in readings], tasks, seconds)

    def _follow(self) -> None:
        """Read what is loaded, and nothing else."""
        if self._closed or not self._opened or not self._channel.exists:
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
                self._retire(name, reading)
        for name, loaded in self._catalog.inputs.items():
            if name not in self._readings:
                route = loaded.properties.get("route") or name
                delivery = EventDelivery(name, route, self._channel, self._oblige)
                self._readings[name] = _Reading(loaded, delivery, after=self._retiring.get(name))

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
        if reading.after is not None:
            await asyncio.wait({reading.after})
        if reading.wanted is None:
            await self._decide(reading)
        if reading.wanted:
            await keep_going(f"input binding {name}", lambda: reading.loaded.component.read(reading.delivery))

    def _retire(self, name: str, reading: _Reading) -> None:
        """End a binding in its own time, while others go on."""
        if reading.task is None:
            return
        seconds = self._config.graceful_shutdown_seconds
        ending = asyncio.create_task(retire(reading.delivery.intake, reading.task, seconds))
        self._retiring[name] = ending
        ending.add_done_callback(lambda _: self._retired(name, ending))

    def _retired(self, name: str, ending: asyncio.Task[None]) -> None:
        if self._retiring.get(name) is ending:
            del self._retiring[name]
