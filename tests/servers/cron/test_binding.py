from __future__ import annotations

import asyncio
import re

import pytest

from pluggable.bindings import Event
from pluggable.delivery import Accepted, Delivery, Outcome, Rejected
from pluggable.errors import MetadataError
from pluggable.metadata import Metadata
from pluggable_servers.cron.binding import CronBinding, _go_time


class Application(Delivery[Event]):
    """Keeps what it gets, and answers what it is told to, once it may."""

    def __init__(self, answer: Outcome | None = None) -> None:
        self.events: asyncio.Queue[Event] = asyncio.Queue()
        self.may_answer = asyncio.Event()
        self.answer = answer or Accepted()

    async def __call__(self, message: Event) -> Outcome:
        await self.events.put(message)
        await self.may_answer.wait()
        return self.answer


async def events(schedule: str, count: int, application: Application) -> list[Event]:
    binding = CronBinding()
    await binding.init(Metadata({"schedule": schedule}, name="cron"))
    reading = asyncio.ensure_future(binding.read(application))
    try:
        async with asyncio.timeout(10):
            return [await application.events.get() for _ in range(count)]
    finally:
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading


async def test_event_tells_when() -> None:
    (event,) = await events("@every 10ms", 1, Application())

    assert event.data == b""
    assert event.metadata["timeZone"] == "Local"
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,9})? \+0000 UTC", event.metadata["readTimeUTC"]
    )


async def test_slow_application_delays_nothing() -> None:
    application = Application()

    assert len(await events("@every 10ms", 3, application)) == 3
    assert not application.may_answer.is_set()


async def test_failing_application_changes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    application = Application(Rejected("no"))
    application.may_answer.set()

    assert len(await events("@every 10ms", 3, application)) == 3
    assert "cron binding cron: the application failed on an event: no" in caplog.text


async def test_fields_fire_too() -> None:
    assert len(await events("* * * * * *", 1, Application())) == 1


@pytest.mark.parametrize(
    ("properties", "fault"),
    [
        ({}, "^schedule is missing"),
        ({"schedule": "* * * * 7"}, r"^invalid schedule format '\* \* \* \* 7': the weekday goes from 0"),
    ],
)
async def test_bad_schedule_fails_init(properties: dict[str, str], fault: str) -> None:
    with pytest.raises(MetadataError, match=fault):
        await CronBinding().init(Metadata(properties))


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "1970-01-01 00:00:00 +0000 UTC"),
        (1_500_000_000, "1970-01-01 00:00:01.5 +0000 UTC"),
        (1, "1970-01-01 00:00:00.000000001 +0000 UTC"),
        (10_000_000_000, "1970-01-01 00:00:10 +0000 UTC"),
    ],
)
def test_time_is_written_as_in_go(nanoseconds: int, text: str) -> None:
    assert _go_time(nanoseconds) == text
