"""Taking messages from one source, and ceasing to without dropping those that are with the application."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Protocol, runtime_checkable

from ...errors import ComponentError
from ...pubsub import Pausable

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
#: How long a broker may take to confirm that it pauses, while the sidecar stops.
PAUSE_SECONDS = 1.0

#: How long a source stays open after its last message was answered; as long as daprd's.
REFUSING_SECONDS = 0.4

logger: logging.Logger = logging.getLogger(__name__)


@runtime_checkable
class Drainable(Protocol):
    """A component that knows when all answers to its messages are on their way."""

    async def drained(self) -> None:
        """Wait until no message is with the application, and all answers are sent."""


class Intake:
    """Counts the messages of one source that are being handled, until it is sealed."""

    def __init__(self) -> None:
        self.sealed: bool = False
        """Nothing more is taken."""
        self.ready: asyncio.Event = asyncio.Event()
        """Messages published from now on are seen."""
        self.when_sealed: Callable[[], None] = lambda: None
        """Called when nothing more is taken, so that what is held back for company goes at once."""
        self._busy = 0
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def busy(self) -> bool:
        """Whether a message is being handled."""
        return self._busy > 0

    @contextmanager
    def handling(self) -> Iterator[None]:
        """Count a message for as long as this lasts."""
        self.ready.set()
        self._busy += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._busy -= 1
            if not self._busy:
                self._idle.set()

    def seal(self) -> None:
        """Take nothing more."""
        self.sealed = True
        self.when_sealed()

    async def drained(self) -> None:
        """Wait until no message is being handled."""
        await self._idle.wait()


async def wind_down(
    intakes: list[Intake], components: list[object], tasks: list[asyncio.Task[None]], seconds: float
) -> None:
    """
    Take nothing more, let what is being handled be answered for up to so many seconds, then end the tasks.

    The components are those whose every source is among these.
    """
    for intake in intakes:
        intake.seal()
    try:
        async with asyncio.timeout(seconds):
            for intake in intakes:
                await intake.drained()
            for component in components:
                if isinstance(component, Drainable):
                    await component.drained()
    except TimeoutError:
        logger.warning("messages were still being handled after %g s and are given up", seconds)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def retire(intake: Intake, task: asyncio.Task[None], seconds: float) -> Coroutine[Any, Any, None]:
    """Take nothing more from one source at once, and return what ends its task in good order."""
    busy = [intake] if intake.busy else []
    intake.seal()

    async def end() -> None:
        left = 0.0  # whoever cancels this has no more time
        try:
            await refuse_more(busy, seconds)
            left = seconds
        finally:
            await wind_down([intake], [], [task], left)

    return end()


async def refuse_more(busy: list[Intake], seconds: float) -> None:
    """
    Wait until nothing is being handled, and a moment longer where something was.

    In that moment the last answers arrive, and what comes right behind them is not taken.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            for intake in busy:
                await intake.drained()
            if busy:
                await asyncio.sleep(REFUSING_SECONDS)


async def pause(component: object) -> None:
    """Ask a broker that can to deliver nothing more; one that does not answer is simply left."""
    if isinstance(component, Pausable):
        with suppress(ComponentError, TimeoutError):
            async with asyncio.timeout(PAUSE_SECONDS):
                await component.pause()


async def keep_going(what: str, run: Callable[[], Awaitable[None]]) -> None:
    """Run what should never end, again and again until cancelled, ever more slowly."""
    pause = FIRST_PAUSE_SECONDS
    while True:
        try:
            await run()
            reason = "it returned, which it never should"
        except Exception as error:
            logger.debug("%s failed", what, exc_info=True)
            reason = f"{type(error).__name__}: {error}"
        logger.error("%s ended, it is opened again in %g s: %s", what, pause, reason)
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
