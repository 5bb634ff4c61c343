from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from pluggable_servers.cron.schedule import Every, local_zone, parse

START = datetime(2026, 3, 4, 10, 20, 30, 500_000, tzinfo=UTC)  # a Wednesday


def following(schedule: str, after: datetime = START) -> str:
    found = parse(f"TZ=UTC {schedule}").next(after)
    assert found is not None
    return found.strftime("%Y-%m-%d %H:%M:%S")


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("* * * * *", "2026-03-04 10:21:00"),
        ("* * * * * *", "2026-03-04 10:20:31"),
        ("15 * * * * *", "2026-03-04 10:21:15"),
        ("*/20 * * * * ?", "2026-03-04 10:20:40"),
        ("30 10 * * ?", "2026-03-04 10:30:00"),
        ("0 5/15 * * * *", "2026-03-04 10:35:00"),
        ("0 0 9-17/4 * * *", "2026-03-04 13:00:00"),
        ("0 0 * * sun", "2026-03-08 00:00:00"),
        ("0 0 1 JAN *", "2027-01-01 00:00:00"),
        ("0 0 1,15 * *", "2026-03-15 00:00:00"),
        ("0 0 29 2 *", "2028-02-29 00:00:00"),
        ("@hourly", "2026-03-04 11:00:00"),
        ("@daily", "2026-03-05 00:00:00"),
        ("@midnight", "2026-03-05 00:00:00"),
        ("@weekly", "2026-03-08 00:00:00"),
        ("@monthly", "2026-04-01 00:00:00"),
        ("@yearly", "2027-01-01 00:00:00"),
        ("@annually", "2027-01-01 00:00:00"),
    ],
)
def test_next_time_is_daprds(schedule: str, expected: str) -> None:
    assert following(schedule) == expected


def test_day_or_weekday_unless_starred() -> None:
    assert following("0 0 13 * fri") == "2026-03-06 00:00:00"
    assert following("0 0 * * fri") == "2026-03-06 00:00:00"
    assert following("0 0 */31 * mon") == "2026-03-09 00:00:00"
    assert following("0 0 13 * */1") == "2026-03-13 00:00:00"


@pytest.mark.parametrize("prefix", ["TZ=", "CRON_TZ="])
def test_zone_in_front_counts(prefix: str) -> None:
    found = parse(f"{prefix}Asia/Tokyo 0 9 * * *").next(START)

    assert found is not None
    assert found.astimezone(UTC) == datetime(2026, 3, 5, 0, 0, tzinfo=UTC)


def test_hour_that_never_comes_is_left_out() -> None:
    found = parse("TZ=Europe/Berlin 30 2 * * *").next(datetime(2026, 3, 28, 12, tzinfo=UTC))

    assert found == datetime(2026, 3, 30, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"))


def test_machines_zone_comes_from_tz(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", ":Asia/Tokyo")
    assert local_zone() == ZoneInfo("Asia/Tokyo")
    monkeypatch.setenv("TZ", "No/Where")
    assert local_zone() == UTC
    monkeypatch.delenv("TZ")
    assert local_zone().utcoffset(START.replace(tzinfo=None)) is not None


@pytest.mark.parametrize(
    ("text", "interval"),
    [
        ("@every 1s", timedelta(seconds=1)),
        ("@every 100ms", timedelta(milliseconds=100)),
        ("TZ=UTC @every 1h30m", timedelta(minutes=90)),
    ],
)
def test_every_is_an_interval(text: str, interval: timedelta) -> None:
    schedule = parse(text)

    assert schedule == Every(interval)
    assert schedule.next(START) == START + interval


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "expected 5 to 6 fields, found 0"),
        ("* * * *", "expected 5 to 6 fields, found 4"),
        ("* * * * 7", "the weekday goes from 0 to 6, found 7"),
        ("* * L * *", 'the day of the month has "L", wanted a number'),
        ("* * * * 5L", 'the weekday has "5L"'),
        ("* * * * 5#2", 'the weekday has "5#2"'),
        ("60 * * * *", "the minute goes from 0 to 59, found 60"),
        ("* 9-5 * * *", "the hour goes from 0 to 23, found 9-5"),
        ("*/0 * * * *", "the minute goes from 0 to 59, found"),
        ("1-2-3 * * * *", "too many hyphens"),
        ("1/2/3 * * * *", "too many slashes"),
        (", * * * *", "the minute is empty"),
        ("0 0 30 2 *", "its day never comes"),
        ("@fortnightly", "unrecognized descriptor: @fortnightly; wanted @yearly"),
        ("@every soon", "failed to parse duration soon; wanted a duration above 0"),
        ("@every 5", "failed to parse duration 5"),
        ("@every 0s", "failed to parse duration 0s"),
        ("TZ=No/Where * * * * *", "provided bad location No/Where"),
        ("TZ=../etc/passwd * * * * *", "provided bad location"),
    ],
)
def test_other_text_is_refused(text: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        parse(text)
