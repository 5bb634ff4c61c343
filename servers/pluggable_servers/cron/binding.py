"""
``bindings.cron``: an event at every time of a schedule.

Source: components-contrib ``bindings/cron/cron.go``.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from pluggable.about import About
from pluggable.bindings import Event, InputBinding
from pluggable.delivery import Delivery, Rejected
from pluggable.errors import MetadataError
from pluggable.metadata import Metadata, setting

from .schedule import Every, Schedule, parse

#: The longest sleep at once: the clock on the wall may be set meanwhile, which no sleep notices.
LONGEST_SLEEP_SECONDS: Final = 30.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What the YAML says."""

    schedule: str = setting(
        description="When it fires: five or six cron fields, the first of six the seconds, or @every and "
        "a duration.",
        example="@every 15m",
    )


class CronBinding(InputBinding):
    """Fires without waiting for the event before; what becomes of an event changes nothing."""

    about = About(
        settings=Settings,
        title="Cron",
        description="Calls the application at the times of a schedule.",
        url="https://docs.dapr.io/reference/components-reference/supported-bindings/cron/",
    )

    _schedule: Schedule
    _name: str

    async def init(self, metadata: Metadata) -> None:
        written = metadata.parse(Settings).schedule
        try:
            self._schedule = parse(written)
        except ValueError as error:
            raise MetadataError([f"invalid schedule format '{written}': {error}"]) from error
        self._name = metadata.name

    async def read(self, deliver: Delivery[Event]) -> None:
        deliver.ready()
        async with asyncio.TaskGroup() as firing, aclosing(_times(self._schedule)) as times:
            async for _ in times:
                firing.create_task(self._fire(deliver))

    async def _fire(self, deliver: Delivery[Event]) -> None:
        outcome = await deliver(
            Event(metadata={"timeZone": "Local", "readTimeUTC": _go_time(time.time_ns())})
        )
        if isinstance(outcome, Rejected):
            logger.warning(
                "cron binding %s: the application failed on an event: %s", self._name, outcome.reason
            )


async def _times(schedule: Schedule) -> AsyncGenerator[None, None]:
    """Yield at each time of the schedule."""
    if isinstance(schedule, Every):
        loop = asyncio.get_running_loop()
        interval = schedule.interval.total_seconds()
        due = loop.time()
        while True:
            # A loop that was held up does not make good for what it missed.
            due = max(due + interval, loop.time())
            await asyncio.sleep(due - loop.time())
            yield
    now = datetime.now(UTC)
    while (due_at := schedule.next(now)) is not None:
        await _until(due_at.timestamp())
        yield
        now = max(due_at, datetime.now(UTC))


async def _until(due: float) -> None:
    """Sleep until the clock on the wall shows the time."""
    while (left := due - time.time()) > 0:  # noqa: ASYNC110  no event tells that the clock was set
        await asyncio.sleep(min(left, LONGEST_SLEEP_SECONDS))


def _go_time(nanoseconds: int) -> str:
    """Return a time in UTC as Go's ``Time.String`` does, fractions without trailing zeros."""
    seconds, fraction = divmod(nanoseconds, 1_000_000_000)
    written = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds))
    return written + f".{fraction:09d}".rstrip("0").rstrip(".") + " +0000 UTC"
